"""Messages that are about other messages, or that nobody can read."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from reports.models import Report, ReportEvent
from tests.factories.reports import report_of
from tests.factories.whatsapp import ContactFactory
from whatsapp import inbox, merging, outbox
from whatsapp.models import Contact, Media, Message
from whatsapp.types import InboundMedia, InboundMessage, Kind, Sender, State

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
MARIA = Sender(phone="+393401112201", bsuid="IT.MARIA1")


def write(provider_id: str, seconds: float, text: str = "", kind: Kind = Kind.TEXT, **more: Any) -> None:
    """A message arrives and is handled."""
    at = NOW + timedelta(seconds=seconds)
    sender = more.pop("sender", MARIA)
    update = InboundMessage(provider_id=provider_id, sender=sender, sent_at=at, kind=kind, text=text, **more)
    if message := inbox.keep(update):
        inbox.handle(message.pk)


def answers() -> list[str]:
    return [m.text for m in Message.objects.filter(inbound=False).order_by("pk")]


@pytest.mark.parametrize("late", [False, True])
def test_a_corrected_text_is_what_counts(late: bool, admin_client: Any) -> None:
    steps = [("wamid.1", 0, "Una buca in via Roma"), ("wamid.2", 5, "Una buca in via Garibaldi", Kind.EDIT)]
    if late:  # the correction overtakes the message
        steps.reverse()
    for step in steps:
        write(*step, context_id="wamid.1" if step[0] == "wamid.2" else "")
    report = Report.objects.first()
    assert report
    assert "Garibaldi" in report.summary
    assert "Roma" not in report.summary
    if not late:
        page = admin_client.get(f"/admin/reports/report/{report.pk}/change/").content.decode()
        assert "modificato dal cittadino" in page
        assert "via Roma" in page
        assert report.events.filter(kind=ReportEvent.Kind.CHANGED).count() == 1


def test_a_correction_to_a_danger_is_answered_with_112() -> None:
    write("wamid.1", 0, "Un filo in via Roma")
    write(
        "wamid.2",
        5,
        "C'è un cavo della corrente scoperto in via Roma, prende fuoco",
        Kind.EDIT,
        context_id="wamid.1",
    )
    assert Report.objects.get().level == 4
    assert "112" in answers()[-1]


def test_a_correction_of_what_is_in_no_case_is_a_new_text() -> None:
    write("wamid.1", 0, "Buongiorno")
    write("wamid.2", 5, "Una buca in via Roma", Kind.EDIT, context_id="wamid.1")
    assert Report.objects.get().summary == "Una buca in via Roma"


def test_a_withdrawn_picture_is_seen_by_nobody(admin_client: Any) -> None:
    write(
        "wamid.1",
        0,
        "Cade il muro, pericolo di crollo",
        Kind.IMAGE,
        media=InboundMedia(provider_media_id="1"),
    )
    media = Media.objects.get()
    Media.objects.update(status=Media.Status.FETCHED)
    report = Report.objects.get()
    address = f"/admin/reports/report/{report.pk}/change/"
    assert f"/file/{media.pk}/" in admin_client.get(address).content.decode()
    for name in ("wamid.2", "wamid.3"):
        write(name, 5, kind=Kind.REVOKE, context_id="wamid.1")
    report.refresh_from_db()
    assert (report.summary, report.level, report.score) == ("", 1, 10)
    shown = admin_client.get(address).content.decode()
    assert "ritirato dal cittadino" in shown
    assert f"/file/{media.pk}/" not in shown
    row = Message.objects.get(provider_id="wamid.1")
    for page in ("", f"{row.pk}/change/"):
        assert "muro" not in admin_client.get(f"/admin/whatsapp/message/{page}").content.decode()
    assert Message.objects.filter(provider_id="wamid.1").exists()


def test_a_withdrawal_of_the_unknown_or_by_another_changes_nothing() -> None:
    write("wamid.1", 0, "Una buca in via Roma")
    write("wamid.2", 5, kind=Kind.REVOKE, context_id="wamid.9")
    write("wamid.3", 5, kind=Kind.REVOKE, context_id="wamid.1", sender=Sender(phone="+393401112299"))
    assert Report.objects.get().summary == "Una buca in via Roma"
    assert not Message.objects.filter(inbound=True, handled_at=None).exists()


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        (Kind.REACTION, {"context_id": "wamid.0"}, []),
        (Kind.STICKER, {}, []),
        (Kind.REVOKE, {"context_id": "wamid.0"}, []),
        (Kind.UNSUPPORTED, {}, ["non si può leggere"]),
        (Kind.OTHER, {}, ["non si può leggere"]),
        (Kind.CONTACTS, {}, ["non si può leggere"]),
        (Kind.UNSUPPORTED, {"payload": "131052"}, ["troppo grande"]),
        (Kind.CONTACTS, {"own_phone": "+393401112277"}, ["non si può leggere"]),  # nobody asked for it
    ],
)
def test_what_opens_no_case_is_answered_once_or_not(
    kind: Kind, more: dict[str, Any], expected: list[str]
) -> None:
    for number in range(3):
        write(f"wamid.{number}", number, kind=kind, **more)
    assert not Report.objects.exists()
    said = answers()
    assert len(said) == len(expected)
    assert all(words in text for words, text in zip(expected, said, strict=True))


def test_a_voice_message_is_kept_and_words_are_asked_for() -> None:
    write("wamid.1", 0, kind=Kind.AUDIO, media=InboundMedia(provider_media_id="1"))
    assert Report.objects.exists()
    assert "scrivi anche in poche parole" in answers()[0]


def test_a_flood_is_answered_thirty_times_but_danger_always() -> None:
    contact = ContactFactory(phone=MARIA.phone, bsuid=MARIA.bsuid, reachable=True)
    for _ in range(outbox.ANSWERS_AN_HOUR):
        outbox.reply(contact, "Risposta", automatic=True)
    write("wamid.1", 0, "Una buca in via Roma")
    write("wamid.2", 3600, "C'è un incendio in casa, aiuto, fiamme")
    first, danger = Message.objects.filter(inbound=False).order_by("-pk")[:2][::-1]
    assert (first.state, danger.state) == (State.SKIPPED, State.QUEUED)
    assert "112" in danger.text


def test_a_case_follows_the_person(admin_client: Any) -> None:
    old: Contact = ContactFactory(reachable=True)
    new: Contact = ContactFactory(phone=None, bsuid=MARIA.bsuid, reachable=True)
    report = report_of("Una buca in via Roma", contact=new, at=NOW)  # the suite may have begun long ago
    Contact.objects.filter(pk=new.pk).update(window_expires_at=None)
    merging.merge(old, Contact.objects.get(pk=new.pk))
    write("wamid.1", 30, "vicino alla fontana", sender=Sender(bsuid=MARIA.bsuid))
    assert report.items.count() == 2
    page = admin_client.get(f"/admin/reports/report/{report.pk}/change/").content.decode()
    assert "puoi scrivere liberamente" in page
