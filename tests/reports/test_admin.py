"""The staff's list and the page of a case, over HTTP."""

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from reports import assembling, casework, deciding, template_answers
from reports.models import Office, Report, ReportCategory
from reports.states import State
from tests.factories.reports import piece, report_of
from tests.factories.whatsapp import ContactFactory
from whatsapp.models import Media, Message, Template
from whatsapp.types import Kind
from whatsapp.types import State as MessageState

pytestmark = pytest.mark.django_db
LIST = "admin:reports_report_changelist"
HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>'


@pytest.fixture
def staff(client: Client) -> User:
    """One who treats reports, logged in."""
    user = User.objects.create_user("lucia", is_staff=True, first_name="Lucia", last_name="Bianchi")
    names = ["view_report", "treat_report", "view_media"]
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(user)
    return user


def page(client: Client, report: Report) -> str:
    response = client.get(reverse("admin:reports_report_change", args=[report.pk]))
    assert response.status_code == 200
    return response.content.decode()


def act(client: Client, report: Report, name: str, **data: object) -> str:
    """Do something as the page does it; the page one ends on."""
    event = report.events.order_by("-pk").first()
    data = {"seen": event.pk if event else 0, **data}
    response = client.post(reverse("admin:reports_report_act", args=[report.pk, name]), data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def numbers(html: str) -> list[str]:
    return re.findall(r'class="rp-number"[^>]*>([^<]+)<', html)


def test_the_most_urgent_and_newest_come_first_and_the_closed_last(client: Client, staff: User) -> None:
    hour = timedelta(hours=1)
    now = timezone.now()
    closed = report_of("Puzza di gas", at=now)
    casework.close(closed, staff, State.RESOLVED, "Fatto")
    older = report_of("Cane randagio", at=now - 5 * hour)
    newer = report_of("Topi in via Roma", at=now - 2 * hour)
    danger = report_of("Incendio in via Dante", at=now - 50 * hour)
    html = client.get(reverse(LIST)).content.decode()
    assert numbers(html) == [r.number for r in (danger, newer, older, closed)]
    assert "parla di incendio" in html


def test_small_old_cases_rise_but_never_over_danger(client: Client, staff: User) -> None:
    week = timedelta(days=7)
    nuisance = report_of("Topi in via Roma")
    old = report_of("Vorrei parlare con il sindaco", at=timezone.now() - 7 * week)
    danger = report_of("Incendio in via Dante")
    assert numbers(client.get(reverse(LIST)).content.decode()) == [r.number for r in (danger, old, nuisance)]


def test_the_list_asks_the_same_number_of_queries_for_one_and_for_many(client: Client, staff: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse(LIST)).status_code == 200
        return len(captured)

    casework.take_charge(report_of("Buca in via Roma 3"), staff, "Presa")
    queries()
    few = queries()
    for text in ("Lampione spento", "Topi", "Perdita d'acqua in via Cavour", "Incendio"):
        casework.take_charge(report_of(text), staff, "Presa")
    assert queries() == few


def test_the_page_asks_the_same_number_of_queries_for_many_pieces(client: Client, staff: User) -> None:
    def queries(report: Report) -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client, report)
        return len(captured)

    small, large = (
        report_of("Topi in via Roma"),
        report_of("Topi", "in via Roma", "molti", "moltissimi", "davvero"),
    )
    for text in ("Uno", "Due"):
        casework.answer(large, staff, text)
    queries(small)
    assert queries(large) == queries(small)


@pytest.mark.parametrize(
    "query",
    ["aperta=attesa", "aperta=si", "aperta=scadute", "aperta=no", "gravita=4", "gravita=nove",
     "state__exact=taken", "aperta=boh"],
)  # fmt: skip
def test_the_filters_answer(client: Client, staff: User, query: str) -> None:
    report_of("Buca in via Roma 3")
    assert client.get(f"{reverse(LIST)}?{query}").status_code == 200


def test_the_thumbnail_of_the_first_picture_is_in_the_list(client: Client, staff: User) -> None:
    report = report_of("Buca in via Roma 3")
    photo = piece(report.contact, kind=Kind.IMAGE, after=5)
    media = photo.content.media
    assert media is not None
    Media.objects.filter(pk=media.pk).update(status=Media.Status.FETCHED)
    assembling.receive(photo)
    address = reverse("whatsapp:media_thumbnail", args=[media.pk])
    assert address in client.get(reverse(LIST)).content.decode()
    assert address in page(client, report)


def test_the_page_shows_conversation_place_and_clock(client: Client, staff: User) -> None:
    report = report_of("Buca in via Roma 3")
    assembling.receive(piece(report.contact, place=(37.6535, 14.6396), after=3))
    html = page(client, report)
    for expected in (
        "Buca in via Roma 3",
        "puoi scrivere liberamente fino alle",
        "nel territorio comunale",
    ):
        assert expected in html
    assert str(report.contact.phone) not in html


def test_a_place_outside_is_a_warning(client: Client, staff: User) -> None:
    report = assembling.receive(piece(ContactFactory(reachable=True), place=(0.0, 0.0)))
    assert report is not None
    assert "fuori dal territorio" in page(client, report)


def test_the_window_closed_is_said_and_what_can_be_done(client: Client, staff: User) -> None:
    report = report_of("Buca", contact=ContactFactory())
    html = page(client, report)
    assert "finestra chiusa" in html
    assert "Allega un file" not in html
    assert "il modello per scrivergli prima non è approvato" in html
    html = act(client, report, "answer", text="Il testo che ho scritto", how="template")
    assert "non è ancora approvato" in html
    assert "Il testo che ho scritto" in html


def test_hostile_texts_are_shown_harmless_everywhere(client: Client, staff: User) -> None:
    contact = ContactFactory(reachable=True, profile_name=HOSTILE)
    report = report_of(f"Via {HOSTILE} {HOSTILE}", contact=contact)
    Report.objects.filter(pk=report.pk).update(address=HOSTILE, reasons=[[HOSTILE, 1]], owed=HOSTILE)
    casework.answer(report, staff, HOSTILE)
    deciding.add_note(report, staff, HOSTILE)
    Office.objects.create(name=HOSTILE)
    for html in (page(client, report), client.get(reverse(LIST)).content.decode()):
        assert "<script>alert" not in html
        assert "<img src=x" not in html
        assert "&lt;script&gt;" in html


def test_the_page_needs_no_inline_style_or_script(client: Client, staff: User) -> None:
    html = page(client, report_of("Buca in via Roma 3"))
    assert not re.search(r"<[^>]+\sstyle=|<[^>]+\son\w+=|<style|<script(?![^>]*\ssrc=)(?![^>]*json)", html)


def test_staff_take_answer_and_close_and_the_citizen_gets_those_words(client: Client, staff: User) -> None:
    report = report_of("Buca in via Roma 3")
    assert "presa in carico" in act(client, report, "take", text="La guardiamo noi.")
    assert "Risposta registrata" in act(client, report, "answer", text="Domani passiamo.")
    assert "lavorazione" in act(client, report, "start", text="Si lavora.")
    assert "chiusa" in act(client, report, "resolved", text="Fatto.")
    said = Message.objects.filter(contact=report.contact, inbound=False).order_by("pk")
    assert [m.text for m in said][1:] == ["La guardiamo noi.", "Domani passiamo.", "Si lavora.", "Fatto."]


def test_the_words_are_there_before_they_are_sent(client: Client, staff: User) -> None:
    report = report_of("Buca in via Roma 3")
    html = page(client, report)
    assert f"Segnalazione n. {report.number}: risulta risolta." in html
    office = Office.objects.get(name="AcquaEnna")
    address = reverse("admin:reports_report_change", args=[report.pk])
    html = client.get(address, {"ufficio": office.pk}).content.decode()
    assert "passata a AcquaEnna" in html
    assert client.get(address, {"ufficio": "1' OR"}).status_code == 200
    assert "passata" in act(client, report, "hand_over", office=office.pk, text="Passata")


def test_a_category_is_corrected(client: Client, staff: User) -> None:
    report = report_of("Buca in via Roma 3")
    green = ReportCategory.objects.get(slug="verde")
    assert "Categoria cambiata" in act(client, report, "reclassify", category=green.pk)
    report.refresh_from_db()
    assert report.category == green


def test_a_second_click_does_nothing_and_loses_no_text(client: Client, staff: User) -> None:
    report = report_of("Buca in via Roma 3")
    last = report.events.latest("pk").pk
    act(client, report, "answer", text="Una volta sola", seen=last)
    html = act(client, report, "answer", text="Una volta sola, scritto bene", seen=last)
    assert "cambiata" in html
    assert "Una volta sola, scritto bene" in html
    assert Message.objects.filter(content__text="Una volta sola").count() == 1


def test_a_refused_hand_over_keeps_the_text(client: Client, staff: User) -> None:
    report = report_of("Perdita d'acqua in via Cavour")
    office = Office.objects.get(name="AcquaEnna")
    html = act(client, report, "hand_over", office=office.pk, text="Scritto con cura", seen=1)
    assert "cambiata" in html
    assert "Scritto con cura" in html


@pytest.mark.parametrize(
    ("name", "data"),
    [("hand_over", {}), ("reclassify", {"category": "999"}), ("resolved", {}), ("reopen", {}),
     ("answer", {"text": "a" * 5000}), ("take", {"seen": "x"}), ("join", {"main": "2026-9999"}),
     ("level", {"level": "9", "reason": "x"}), ("level", {"level": "4"}), ("assign", {"colleague": "0"}),
     ("place", {"latitude": "91", "longitude": "boh"}), ("register", {"number": "12"})],
    ids=str,
)  # fmt: skip
def test_a_wrong_form_is_answered_on_the_page(
    client: Client, staff: User, name: str, data: dict[str, str]
) -> None:
    report = report_of("Buca in via Roma 3")
    data = {"seen": str(report.events.latest("pk").pk), **data}
    response = client.post(reverse("admin:reports_report_act", args=[report.pk, name]), data)
    assert response.status_code == 200
    assert 'role="alert"' in response.content.decode()
    report.refresh_from_db()
    assert report.state == State.RECEIVED


def test_who_may_only_read_sees_no_buttons_and_cannot_act(client: Client) -> None:
    reader = User.objects.create_user("revisore", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename="view_report"))
    client.force_login(reader)
    report = report_of("Buca in via Roma 3")
    assert "Prendi in carico" not in page(client, report)
    response = client.post(reverse("admin:reports_report_act", args=[report.pk, "take"]), {"seen": 0})
    assert response.status_code == 403


def test_strangers_and_staff_without_the_right_see_nothing(client: Client) -> None:
    report = report_of("Buca in via Roma 3")
    address = reverse("admin:reports_report_change", args=[report.pk])
    assert client.get(address).status_code == 302
    client.force_login(User.objects.create_user("altro", is_staff=True))
    assert client.get(address).status_code == 403
    assert client.get(reverse(LIST)).status_code == 403


def test_nothing_is_added_edited_or_deleted_by_hand(client: Client) -> None:
    client.force_login(User.objects.create_superuser("capo"))
    report = report_of("Buca in via Roma 3")
    assert client.get(reverse("admin:reports_report_add")).status_code == 403
    assert (
        client.post(reverse("admin:reports_report_delete", args=[report.pk]), {"post": "yes"}).status_code
        == 403
    )
    assert client.get(reverse("admin:reports_report_act", args=[report.pk, "take"])).status_code == 405
    for name in ("office", "reportcategory", "replytext", "cannedreply"):
        assert client.get(reverse(f"admin:reports_{name}_changelist")).status_code == 200


def test_a_case_that_is_not_there_leads_home(client: Client, staff: User) -> None:
    assert client.get(reverse("admin:reports_report_change", args=[999_999])).status_code == 302
    assert client.post(reverse("admin:reports_report_act", args=[999_999, "take"])).status_code == 302
    report = report_of("Buca")
    assert client.post(reverse("admin:reports_report_act", args=[report.pk, "distruggi"])).status_code == 302


@pytest.fixture
def template() -> Template:
    """The template for answers, as WhatsApp has approved it."""
    Template.objects.filter(name=template_answers.NAME).update(status=Template.Status.APPROVED)
    return Template.objects.get(name=template_answers.NAME)


def test_with_the_window_closed_one_sees_what_goes_and_sends_it(
    client: Client, staff: User, template: Template
) -> None:
    report = report_of("Buca", contact=ContactFactory(window_expires_at=timezone.now() - timedelta(hours=3)))
    html = page(client, report)
    for exact in (f"segnalazione n. {report.number}", template.footer, "Segui la segnalazione"):
        assert exact in html
    text = "Domani\nripariamo."
    assert "supera di" in act(client, report, "answer", text="a" * 1000, how="template")
    assert not Message.objects.filter(content__template=template).exists()
    assert "Risposta registrata" in act(client, report, "answer", text=text, how="template")
    sent = Message.objects.get(content__template=template)
    assert "Domani ripariamo." in sent.text


@pytest.mark.parametrize(("how", "goes"), [("template", True), ("later", False)])
def test_a_change_of_state_goes_by_template_or_waits(
    client: Client, staff: User, template: Template, how: str, goes: bool
) -> None:
    report = report_of("Buca in via Roma 3", contact=ContactFactory())
    assert "carico" in act(client, report, "take", text="La guardiamo noi.", how=how)
    assert Message.objects.filter(content__template=template).exists() is goes
    report.refresh_from_db()
    assert report.owed == ("" if goes else "La guardiamo noi.")


def test_an_answer_that_never_arrived_is_shown_and_offered_again(
    client: Client, staff: User, template: Template
) -> None:
    report = report_of("Buca in via Roma 3")
    casework.answer(report, staff, "Domani passiamo.")
    Message.objects.filter(content__text="Domani passiamo.").update(
        state=MessageState.SKIPPED, reason="sono passate più di 24 ore"
    )
    html = page(client, report)
    assert "Non arrivato: sono passate più di 24 ore" in html
    assert "Domani passiamo.</textarea>" in html
    report.contact.window_expires_at = timezone.now() - timedelta(hours=1)
    report.contact.save()
    assert "Domani passiamo.</textarea>" in page(client, report)
    act(client, report, "answer", text="Domani passiamo.", how="template")
    assert "Domani passiamo.</textarea>" not in page(client, report)


def test_an_answer_takes_a_file(client: Client, staff: User, picture: bytes) -> None:
    report = report_of("Buca in via Roma 3")
    html = act(client, report, "answer", text="Ecco", file=SimpleUploadedFile("foto.jpg", b"MZ"))
    assert "non si può inviare" in html
    assert "Ecco</textarea>" in html
    assert "Risposta registrata" in act(
        client, report, "answer", text="Ecco", quote="on", file=SimpleUploadedFile("foto.jpg", picture)
    )
    sent = Message.objects.get(content__kind=Kind.IMAGE, inbound=False)
    assert (sent.text, bool(sent.context_id)) == ("Ecco", True)


def test_where_a_photo_was_taken_is_offered_and_used(client: Client, staff: User) -> None:
    report = report_of("Buca")
    photo = piece(report.contact, kind=Kind.IMAGE, after=5)
    assembling.receive(photo)
    Media.objects.filter(contents=photo.content).update(
        status=Media.Status.FETCHED, latitude=37.6535, longitude=14.6396
    )
    assert "La foto dice di essere stata scattata a" in page(client, report)
    html = act(client, report, "photo", photo=photo.content.media_id)
    assert "nel territorio comunale" in html
    assert "La foto dice" not in html
