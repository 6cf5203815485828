"""Templates and the number, kept in step with what WhatsApp says."""

from datetime import timedelta
from typing import Any

import pytest
import requests
from django.utils import timezone

from tests.factories.broadcasts import UserFactory
from tests.factories.whatsapp import ContactFactory, StaffPhoneFactory, TemplateFactory
from whatsapp import account, channels, claims, contents, errors, mail, outbox
from whatsapp.models import AccountEvent, Message, Template
from whatsapp.providers import registry
from whatsapp.types import AccountUpdate, Header, Lane, State, TemplateUpdate

pytestmark = pytest.mark.django_db
Status = Template.Status


@pytest.fixture
def paged(mailoutbox: Any) -> Any:
    """Runs something and returns the subjects and texts of the calls to the staff it made."""
    StaffPhoneFactory(user=UserFactory(email="turno@comune.example.it"))

    def call(act: Any) -> list[tuple[str, str]]:
        mailoutbox.clear()
        act()
        mail.send_due()
        return [(message.subject, message.body) for message in mailoutbox]

    return call


def told(template: Template, **news: str) -> Template:
    account.update_template(TemplateUpdate(name=template.name, language=template.language, **news))
    template.refresh_from_db()
    return template


class TestTold:
    @pytest.mark.parametrize("state", list(account.STATES))
    def test_every_state_is_known(self, state: str) -> None:
        assert told(TemplateFactory(), state=state).status == account.STATES[state]

    def test_an_unknown_state_cannot_be_sent(self) -> None:
        assert told(TemplateFactory(), state="NOVELTY").status == Status.DISABLED

    def test_only_what_is_told_changes(self, paged: Any) -> None:
        template = TemplateFactory(quality="GREEN")
        assert paged(lambda: told(template, quality="YELLOW")) == []
        assert (template.status, template.category, template.quality) == ("approved", "utility", "YELLOW")
        told(template, state="REJECTED", reason="contenuto promozionale")
        assert (template.quality, template.reason) == ("YELLOW", "contenuto promozionale")
        assert told(template, state="APPROVED").reason == ""

    def test_what_cannot_go_any_more_calls_the_staff_once(self, paged: Any) -> None:
        template = TemplateFactory(name="avviso_neve")
        ((subject, text),) = paged(lambda: told(template, state="PAUSED"))
        assert "«avviso_neve» sospeso" in subject
        assert "torna utilizzabile" in text
        assert paged(lambda: told(template, state="PAUSED")) == []

    def test_low_quality_calls_the_staff(self, paged: Any) -> None:
        template = TemplateFactory()
        assert "qualità bassa" in paged(lambda: told(template, quality="RED"))[0][0]
        assert paged(lambda: told(template, quality="RED")) == []

    def test_another_category_waits_for_somebody_to_accept_it(self, paged: Any) -> None:
        template = TemplateFactory()
        ((_, text),) = paged(lambda: told(template, category="MARKETING"))
        assert "può costare di più, e non arriva a chi ha rifiutato le promozioni" in text
        assert (template.accepted_category, template.usable) == ("utility", False)
        account.accept_category(template)
        template.refresh_from_db()
        assert template.usable
        assert paged(lambda: told(template, category="MARKETING")) == []

    def test_a_category_that_does_not_exist_changes_nothing(self) -> None:
        assert told(TemplateFactory(), category="AUTHENTICATION").category == "utility"


class TestWaiting:
    """What is queued with a template that cannot be used waits: nobody is skipped, nobody fails."""

    @pytest.mark.parametrize(
        ("lane", "news", "goes"),
        [
            (Lane.BULK, {"state": "PAUSED"}, False),
            (Lane.BULK, {"category": "MARKETING"}, False),
            (Lane.ALERT, {"state": "DISABLED"}, False),
            (Lane.ALERT, {"category": "MARKETING"}, True),
            (Lane.BULK, {"quality": "RED"}, True),
        ],
    )
    def test_it_waits_and_goes_on(self, lane: Lane, news: dict[str, str], goes: bool) -> None:
        template = TemplateFactory()
        message = outbox.send(ContactFactory(), contents.from_template(template, ["Uno", "Due"]), lane)
        told(template, **news)
        assert len(claims.claim(lane, 8)) == goes
        message.refresh_from_db()
        if goes:
            return
        assert (message.state, message.reason) == (State.QUEUED, "")
        assert timezone.now() < message.due_at <= timezone.now() + timedelta(minutes=1)
        told(template, state="REINSTATED", category="UTILITY")
        Message.objects.update(due_at=timezone.now())
        assert len(claims.claim(lane, 8)) == 1

    def test_nothing_new_is_made_with_it_and_it_is_told_what_to_do(self) -> None:
        template = told(TemplateFactory(), category="MARKETING")
        with pytest.raises(
            errors.ContentError, match=r"categoria «marketing».*amministratore può accettarlo"
        ):
            contents.from_template(template, ["Uno", "Due"])


class TestSubmitting:
    @pytest.fixture(autouse=True)
    def _fresh(self, simulator: str) -> None:
        requests.post(f"{simulator}/control/reset", json={"templates": True}, timeout=5).raise_for_status()

    def test_a_draft_stays_here_until_somebody_submits_it(self, simulator: str) -> None:
        template = TemplateFactory(status=Status.DRAFT)
        account.sync_templates()
        template.refresh_from_db()
        assert template.status == Status.DRAFT
        account.submit(template)
        template.refresh_from_db()
        assert (template.status, bool(template.provider_id)) == (Status.APPROVED, True)
        with pytest.raises(errors.ContentError, match="già stato sottoposto"):
            account.submit(template)

    @pytest.mark.parametrize("header", [Header.IMAGE, Header.VIDEO, Header.DOCUMENT])
    def test_a_file_header_goes_with_its_example(self, header: Header, settings: Any) -> None:
        template = TemplateFactory(status=Status.DRAFT, header=header)
        settings.WHATSAPP_APP_ID = ""
        with pytest.raises(errors.Unsupported, match="WHATSAPP_APP_ID"):
            account.submit(template)
        template.refresh_from_db()
        assert (template.status, "WHATSAPP_APP_ID" in template.reason) == (Status.DRAFT, True)
        settings.WHATSAPP_APP_ID = "634890215548127"
        account.submit(template)
        template.refresh_from_db()
        assert template.status == Status.APPROVED

    def test_a_title_and_a_place_need_no_example(self) -> None:
        for change in ({"header": Header.LOCATION}, {"header": Header.TEXT, "header_text": "Avviso"}):
            template = TemplateFactory(status=Status.DRAFT, **change)
            account.submit(template)
            template.refresh_from_db()
            assert template.status == Status.APPROVED

    def test_the_providers_own_reason_is_shown_and_the_draft_stays(self) -> None:
        account.submit(TemplateFactory(name="avviso_doppio", status=Status.DRAFT))
        Template.objects.filter(name="avviso_doppio").update(name="altro_nome")
        again = TemplateFactory(name="avviso_doppio", status=Status.DRAFT)
        with pytest.raises(errors.ChannelError, match="Esiste già il modello avviso_doppio"):
            account.submit(again)
        again.refresh_from_db()
        assert again.status == Status.DRAFT
        assert again.reason.startswith("WhatsApp non accetta il modello: Esiste già")

    def test_a_refused_one_is_mended_under_its_name(self) -> None:
        template = TemplateFactory(status=Status.DRAFT)
        account.submit(template)
        template.refresh_from_db()
        before = template.provider_id
        told(template, state="REJECTED", reason="formato non valido")
        template.body = template.body.replace("Avviso del Comune", "Avviso del Comune di Regalbuto")
        template.save()
        account.submit(template)
        account.sync_templates()
        template.refresh_from_db()
        assert (template.status, template.reason, template.provider_id) == (Status.APPROVED, "", before)

    def test_a_broken_rule_is_told_before_asking(self) -> None:
        template = TemplateFactory(status=Status.DRAFT, examples=[])
        assert account.submit_drafts()["refused"] == 1
        template.refresh_from_db()
        assert template.reason == "Serve un esempio per ogni variabile: 2, non 0."

    def test_what_was_deleted_at_the_provider_is_not_used_any_more(self, simulator: str, paged: Any) -> None:
        template = TemplateFactory(status=Status.DRAFT)
        account.submit(template)
        requests.post(f"{simulator}/control/reset", json={"templates": True}, timeout=5)
        assert len(paged(account.sync_templates)) == 1
        template.refresh_from_db()
        assert (template.status, template.reason) == (Status.DISABLED, account.GONE)
        account.sync_templates(installing=True)
        account.submit_drafts()
        template.refresh_from_db()
        assert template.status == Status.APPROVED

    def test_a_submission_whose_answer_was_lost_is_found_out(self) -> None:
        template = TemplateFactory(status=Status.PENDING)
        account.sync_templates()
        template.refresh_from_db()
        assert (template.status, template.reason) == (Status.DRAFT, account.LOST)

    def test_the_numbers_health_comes_along(self) -> None:
        account.sync_templates()
        channel = channels.current()
        assert (channel.tier, channel.quality) == ("TIER_10K", "GREEN")


class TestAccount:
    def test_serious_news_stop_the_channel_and_call_once(self, paged: Any) -> None:
        news = AccountUpdate(key="a", event="ACCOUNT_RESTRICTION", text="Invii limitati.", serious=True)
        assert [text for _, text in paged(lambda: account.update_account(news))] == ["Invii limitati."]
        assert channels.current().pause_reason == "Invii limitati."
        channels.resume(channels.current())
        assert paged(lambda: account.update_account(news)) == []
        assert channels.current().paused_at is None, "repeated, it does not stop what a person resumed"
        assert AccountEvent.objects.count() == 1

    def test_a_change_of_tier_reads_as_people(self, paged: Any) -> None:
        account.update_account(AccountUpdate(key="1", event="LIMIT", text="", tier="TIER_250"))
        news = AccountUpdate(key="2", event="LIMIT", text="", tier="TIER_2K")
        assert paged(lambda: account.update_account(news)) == []
        assert AccountEvent.objects.first().text == "Limite nelle 24 ore: 2.000 persone (prima 250 persone)."  # type: ignore[union-attr]
        old = AccountUpdate(key="1", event="LIMIT", text="", tier="TIER_250")
        account.update_account(old)
        assert channels.current().tier == "TIER_2K", "old news told again"

    @pytest.mark.parametrize(
        ("news", "said"),
        [({"tier": "TIER_250"}, "limite di WhatsApp abbassato"), ({"quality": "RED"}, "qualità del numero")],
    )
    def test_what_gets_worse_calls_the_staff(self, paged: Any, news: dict[str, str], said: str) -> None:
        account.update_account(
            AccountUpdate(key="1", event="", text="", tier="TIER_UNLIMITED", quality="GREEN")
        )
        ((subject, _),) = paged(
            lambda: account.update_account(AccountUpdate(key="2", event="", text="", **news))
        )
        assert said in subject

    def test_no_news_is_shown_without_words(self) -> None:
        account.update_account(AccountUpdate(key="1", event="THROUGHPUT_UPGRADE", text=""))
        account.update_account(AccountUpdate(key="2", event="", text=""))
        assert all(AccountEvent.objects.values_list("text", flat=True))


@pytest.mark.parametrize(
    ("body", "kept", "status"),
    [
        ("Nuovo testo del Comune\n\n*{{1}}*\n\n{{2}}\n\nTutto nella pagina.", True, Status.APPROVED),
        ("Nuovo testo del Comune con una sola {{1}} variabile", False, Status.DISABLED),
    ],
)
def test_a_text_changed_at_the_provider_is_shown_as_it_will_be_read(
    simulator: str, body: str, kept: bool, status: str
) -> None:
    template = TemplateFactory(status=Status.DRAFT)
    account.submit(template)
    Template.objects.filter(pk=template.pk).update(body="Vecchio {{1}} e {{2}} testo che abbiamo ancora qui")
    changed = TemplateFactory.build(name=template.name, body=body, provider_id=template.provider_id)
    registry.current().submit_template(changed)
    account.sync_templates()
    template.refresh_from_db()
    assert (template.body == body, template.status) == (kept, status)
