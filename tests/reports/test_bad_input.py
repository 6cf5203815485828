"""What nobody should send: shown harmless, nothing lost, others not delayed. Through the channel's inbox."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from reports.models import Report, ReportItem
from tests.files import picture
from tests.whatsapp import envelopes
from tests.whatsapp.conftest import post_webhook  # noqa: F401
from whatsapp import inbox, media
from whatsapp.models import Media, Message, WebhookEvent
from whatsapp.types import InboundMedia, InboundMessage, Kind, Place, Sender

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
MESSAGES = WebhookEvent.Inbox.MESSAGES
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7|add:7 }}{% now %}'


def write(
    number: int, kind: Kind = Kind.TEXT, *, after: float = 0, phone: str = "+393401112201", **more: Any
) -> None:
    """A message arrives and is handled."""
    update = InboundMessage(
        provider_id=f"wamid.{phone}.{number}",
        sender=Sender(phone=phone, name=more.pop("name", "Maria")),
        sent_at=NOW + timedelta(seconds=after),
        kind=kind,
        **more,
    )
    if message := inbox.keep(update):
        inbox.handle(message.pk)


def answers() -> list[Message]:
    return list(Message.objects.filter(inbound=False).order_by("pk"))


def pages(client: Client, report: Report) -> str:
    """Everything that shows the case: list, its page, the citizen's."""
    addresses = (
        "/admin/reports/report/",
        f"/admin/reports/report/{report.pk}/change/",
        f"/segnalazioni/{report.token}/",
    )
    responses = [client.get(address) for address in addresses]
    assert [response.status_code for response in responses] == [200, 200, 200]
    return "".join(response.content.decode() for response in responses)


def test_thirty_pictures_in_a_minute_are_one_case_with_one_answer(admin_client: Client) -> None:
    for n in range(30):
        write(n, Kind.IMAGE, after=n * 2, media=InboundMedia(provider_media_id=str(n)))
    report = Report.objects.get()
    assert ReportItem.objects.count() == Media.objects.count() == 30
    assert len(answers()) == 1
    assert pages(admin_client, report).count("Immagine in arrivo") == 30


def test_a_clip_of_a_hundred_megabytes_is_answered(admin_client: Client) -> None:
    write(1, Kind.UNSUPPORTED, payload="131052")
    assert "troppo grande" in answers()[0].text
    assert not Report.objects.exists()
    assert Message.objects.filter(inbound=True, handled_at__isnull=False).count() == 1


def sent(content: bytes) -> Media:
    """A file that comes with a report, as kept."""
    write(1, text="Buca in via Roma 3")
    write(
        2,
        Kind.IMAGE,
        after=5,
        media=InboundMedia(provider_media_id="1", mime_type="image/jpeg", filename="a.jpg"),
    )
    return media.keep_inbound(Media.objects.get(), content)


@pytest.mark.parametrize("content", [b"MZ\x90\x00", b"<svg onload=alert(1)>", b"PK\x03\x04" * 9], ids=len)
def test_a_file_that_is_not_what_it_says_is_kept_with_a_warning(admin_client: Client, content: bytes) -> None:
    kept = sent(content)
    assert kept.status == Media.Status.FETCHED
    html = pages(admin_client, Report.objects.get())
    assert kept.warning in html
    address = f"/admin/whatsapp/file/{kept.pk}/"
    assert f'src="{address}' not in html
    assert "Prima di aprire il file" in admin_client.get(address).text


def test_a_picture_bomb_is_kept_and_not_drawn(admin_client: Client) -> None:
    kept = sent(picture((7050, 7050), "PNG", mode="RGBA"))
    assert (kept.kind, bool(kept.thumbnail)) == (Kind.DOCUMENT, False)
    assert "troppo grande per mostrarla" in pages(admin_client, Report.objects.get())


def test_an_empty_file_is_rejected_and_its_sender_told(admin_client: Client) -> None:
    kept = sent(b"")
    assert kept.status == Media.Status.REJECTED
    assert "non si può aprire" in answers()[-1].text
    html = pages(admin_client, Report.objects.get())
    assert "non disponibile" in html
    assert f"/file/{kept.pk}/" not in html


@pytest.mark.parametrize("place", [(0.0, 0.0), (90.0, 180.0), (float("nan"), 14.0), (1e308, 14.0)], ids=str)
def test_a_position_nowhere_is_a_warning_or_nothing(admin_client: Client, place: tuple[float, float]) -> None:
    write(1, Kind.LOCATION, place=Place(latitude=place[0], longitude=place[1], name=HOSTILE))
    report = Report.objects.get()
    assert report.inside_town in (False, None)
    pages(admin_client, report)


@pytest.mark.parametrize(
    "text",
    ["🔥" * 4096, "🧑‍🚒" * 1024, "\u202e" * 4096, "a" * 4096, "\tbuca\x07", "ﷺ" * 4096],
    ids=lambda t: t[:3],
)
def test_texts_of_anything_are_shown(admin_client: Client, text: str) -> None:
    write(1, text=text)
    assert Message.objects.filter(inbound=True, handled_at__isnull=False).count() == 1
    report = Report.objects.first()
    if report:
        pages(admin_client, report)


def test_html_and_script_are_words_everywhere(admin_client: Client) -> None:
    write(1, text=f"Buca in via Roma 3 {HOSTILE}", name=HOSTILE)
    write(
        2, Kind.LOCATION, after=5, place=Place(latitude=37.65, longitude=14.64, name=HOSTILE, address=HOSTILE)
    )
    write(3, Kind.EDIT, after=6, text=f"Buche {HOSTILE}", context_id="wamid.+393401112201.1")
    html = pages(admin_client, Report.objects.get())
    for raw in ("<script>alert", "<img src=x", "onerror=alert(1)>{{ 14"):
        assert raw not in html
    assert "&lt;script&gt;" in html


def test_a_flood_from_one_number_keeps_nobody_waiting(post_webhook: Any) -> None:  # noqa: F811
    def post(text: str, number: str) -> None:
        body = envelopes.text(text, **{"from": number, "from_user_id": None})
        body["entry"][0]["changes"][0]["value"]["contacts"] = [{"wa_id": number}]
        post_webhook(body)

    for n in range(60):
        post(f"Buca numero {n}", "393400000001")
    post("Lampione spento in via Dante 4", "393400000002")
    inbox.process(MESSAGES, limit=2)
    assert Report.objects.filter(contact__phone="+393400000002").exists()
    while inbox.process(MESSAGES):
        pass
    flooded = ReportItem.objects.filter(report__contact__phone="+393400000001")
    assert flooded.count() == 60
    assert Message.objects.filter(inbound=False, contact__phone="+393400000001").count() < 10
