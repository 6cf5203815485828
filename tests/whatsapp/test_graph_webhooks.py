"""Every webhook of Meta's, in its documented shape (tests/payloads), and what we make of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.factories.whatsapp import OutboundMessageFactory, TemplateFactory
from whatsapp import channels, inbox
from whatsapp.errors import ChannelError, Later, RecipientError, WindowClosed
from whatsapp.models import AccountEvent, Attempt, Message, WebhookEvent
from whatsapp.providers.cloud_api import CloudApi
from whatsapp.types import (
    AccountUpdate,
    IdentityChange,
    InboundMedia,
    InboundMessage,
    Kind,
    MarketingChoice,
    Place,
    Sender,
    State,
    StatusUpdate,
    TemplateUpdate,
    Update,
)

PAYLOADS = Path(__file__).parents[1] / "payloads"
AT = datetime(2025, 10, 9, 8, 53, 20, tzinfo=UTC)  # 1760000000
PHONE, NEW_PHONE = "+393401112233", "+393479998877"
BSUID, NEW_BSUID = "IT.13491208655302741918", "IT.NUOVO222"
OTHER_BSUID = "IT.99887766554433"
MARIA = Sender(phone=PHONE, bsuid=BSUID, name="Maria R.")
NOSTRO = {"context_id": "wamid.NOSTRO"}


def message(kind: Kind, sender: Sender = MARIA, **told: Any) -> InboundMessage:
    return InboundMessage(provider_id="", sender=sender, sent_at=AT, kind=kind, **told)


def text(body: str, sender: Sender = MARIA, **told: Any) -> InboundMessage:
    return message(Kind.TEXT, sender, text=body, **told)


def file(kind: Kind, number: int, mime: str, caption: str = "", name: str = "") -> InboundMessage:
    media = InboundMedia(provider_media_id=f"103800{number}", mime_type=mime, filename=name)
    return message(kind, text=caption, media=media)


def status(state: State, **told: Any) -> StatusUpdate:
    known = {"provider_id": "wamid.NOSTRO", "at": AT, "opaque_id": "0f3a5c", "phone": PHONE, "bsuid": BSUID}
    return StatusUpdate(state=state, **{**known, **told})


def template(**told: str) -> TemplateUpdate:
    return TemplateUpdate(name="avviso_generico", language="it", **told)


def choice(sender: Sender, wanted: bool, seconds: int) -> MarketingChoice:
    return MarketingChoice(sender=sender, wanted=wanted, at=AT.replace(second=20 + seconds))


def account(event: str, words: str, **told: Any) -> AccountUpdate:
    """`words` is a part of the text."""
    return AccountUpdate(key="", event=event, text=words, **told)


MESSAGES: dict[str, list[Update]] = {
    "message_text": [text("ISCRIZIONE ON")],
    "message_text_answer": [text("Sì, proprio lì", **NOSTRO)],
    "message_text_forwarded": [text("Gira voce che")],
    "message_text_from_advert": [text("Salve")],
    "message_text_hidden_number": [
        text("ISCRIZIONE ON", Sender(bsuid=OTHER_BSUID, name="Luca", username="luca.reg"))
    ],
    "message_text_only_number": [text("ISCRIZIONE OFF", Sender(phone=PHONE))],
    "message_text_parent": [text("Salve")],
    "message_text_group": [],
    "message_image": [file(Kind.IMAGE, 1, "image/jpeg", "Buca in via Roma")],
    "message_video": [file(Kind.VIDEO, 2, "video/mp4")],
    "message_audio": [file(Kind.AUDIO, 3, "audio/ogg; codecs=opus")],
    "message_document": [file(Kind.DOCUMENT, 4, "application/pdf", "Ecco il modulo", "modulo.pdf")],
    "message_sticker": [file(Kind.STICKER, 5, "image/webp")],
    "message_video_too_large": [message(Kind.UNSUPPORTED, payload="131052")],
    "message_location": [message(Kind.LOCATION, place=Place(latitude=37.6506, longitude=14.6395))],
    "message_location_place": [
        message(
            Kind.LOCATION,
            place=Place(
                latitude=37.6506,
                longitude=14.6395,
                name="Municipio",
                address="Piazza della Repubblica 1, Regalbuto",
            ),
        )
    ],
    "message_contacts": [message(Kind.CONTACTS)],
    "message_contacts_own_number": [
        message(
            Kind.CONTACTS, Sender(bsuid=BSUID, name="Maria R.", username="maria"), own_phone=PHONE, **NOSTRO
        )
    ],
    "message_interactive_button": [message(Kind.BUTTON_REPLY, text="Invia", payload="rep:77:ok", **NOSTRO)],
    "message_interactive_list": [message(Kind.BUTTON_REPLY, text="Buche", payload="cat:buche", **NOSTRO)],
    "message_interactive_form": [message(Kind.BUTTON_REPLY, **NOSTRO)],
    "message_button": [message(Kind.BUTTON_REPLY, text="ISCRIZIONE OFF", payload="ISCRIZIONE OFF", **NOSTRO)],
    "message_button_without_context": [
        message(Kind.BUTTON_REPLY, text="ISCRIZIONE OFF", payload="ISCRIZIONE OFF")
    ],
    "message_reaction": [message(Kind.REACTION, text="👍", **NOSTRO)],
    "message_reaction_removed": [message(Kind.REACTION, **NOSTRO)],
    "message_order": [message(Kind.OTHER)],
    "message_system_number": [
        IdentityChange(at=AT, old_phone=PHONE, old_bsuid=BSUID, new_phone=NEW_PHONE, new_bsuid=NEW_BSUID)
    ],
    "message_system_user_id": [IdentityChange(at=AT, old_bsuid=BSUID, new_bsuid=NEW_BSUID)],
    "message_system_number_2025": [IdentityChange(at=AT, old_phone=PHONE, new_phone=NEW_PHONE)],
    "message_system_without_old_id": [],
    "message_system_identity_hash": [],
    "message_unsupported": [message(Kind.UNSUPPORTED, payload="131051")],
    "message_unsupported_unavailable": [message(Kind.UNSUPPORTED, payload="131060")],
    "message_unsupported_bare": [message(Kind.UNSUPPORTED, payload="edit")],
    "message_edit": [message(Kind.EDIT, text="Buca in via Roma 12", context_id="wamid.PRIMA")],
    "message_edit_caption": [message(Kind.EDIT, text="È al numero 12", context_id="wamid.PRIMA")],
    "message_revoke": [message(Kind.REVOKE, context_id="wamid.PRIMA")],
    "message_request_welcome": [message(Kind.OTHER)],
    "message_unheard_of": [message(Kind.OTHER)],
    "batch": [
        text("primo", Sender(phone=NEW_PHONE, bsuid=OTHER_BSUID, name="Luca")),
        text("secondo"),
        status(State.READ, opaque_id="", bsuid=None),
        account("ACCOUNT_RECONNECTED", "di nuovo collegato"),
        status(State.SENT, opaque_id="", bsuid=None),
    ],
}
STATUSES: dict[str, list[Update]] = {
    "status_sent": [status(State.SENT)],
    "status_sent_hidden_number": [status(State.SENT, phone=None)],
    "status_delivered": [status(State.DELIVERED)],
    "status_delivered_hidden_number": [status(State.DELIVERED, phone=None)],
    "status_delivered_without_opaque_id": [status(State.DELIVERED, opaque_id="")],
    "status_read": [status(State.READ)],
    "status_read_hidden_number": [status(State.READ, phone=None)],
    "status_played": [status(State.READ)],
    "status_failed": [status(State.FAILED, bsuid=None, error=RecipientError("", code="131026"))],
    "status_failed_hidden_number": [status(State.FAILED, phone=None, error=WindowClosed("", code="131047"))],
    "status_failed_without_reason": [status(State.FAILED)],
    "status_failed_later": [status(State.FAILED, error=Later("", code="131049", wait=AT - AT))],
    "status_direct_send": [status(State.SENT)],
    "status_deleted": [],
    "status_of_a_group": [status(State.DELIVERED, phone=None)],
}
PEOPLE: dict[str, list[Update]] = {
    "user_preferences": [
        choice(Sender(phone=PHONE, bsuid=BSUID), False, 0),
        choice(Sender(bsuid=OTHER_BSUID), True, 1),
        choice(Sender(phone=PHONE, bsuid=BSUID), True, 2),
    ],
    "user_id_update": [IdentityChange(at=AT, old_bsuid=BSUID, new_bsuid=NEW_BSUID, new_phone=PHONE)],
    "standby": [],
    "calls": [],
    "field_unheard_of": [],
}
PLAIN = ["PENDING", "FLAGGED", "IN_APPEAL", "LIMIT_EXCEEDED", "LOCKED", "ARCHIVED", "UNARCHIVED", "DELETED",
         "PENDING_DELETION", "APPROVED", "REINSTATED", "DISABLED"]  # fmt: skip
TEMPLATES: dict[str, list[Update]] = {
    **{f"template_{state.lower()}": [template(state=state)] for state in PLAIN},
    "template_rejected": [
        template(
            state="REJECTED",
            reason="formato non valido: controlla le variabili; Le variabili non possono stare all'inizio; "
            "Aggiungi una parola prima",
        )
    ],
    "template_paused": [template(state="PAUSED", reason="Qualità bassa: in pausa per 3 ore")],
    "template_quality": [template(quality="RED")],
    "template_category": [template(category="marketing")],
    "template_category_announced": [
        account("template_category_update", "il modello «avviso_generico» come «marketing»")
    ],
    "template_text": [account("message_template_components_update", "modello «avviso_generico» è stato")],
}
ACCOUNT: dict[str, list[Update]] = {
    "account_violation": [account("ACCOUNT_VIOLATION", "(ADULT): gli invii sono fermi", serious=True)],
    "account_restriction": [
        account(
            "ACCOUNT_RESTRICTION",
            "non possiamo scrivere per primi fino al 16/10/2025, 09:33; non si possono aggiungere numeri",
            serious=True,
        )
    ],
    "account_restriction_elsewhere": [account("ACCOUNT_RESTRICTION", "Gli invii proseguono")],
    "account_disable_scheduled": [
        account("SCHEDULE_FOR_DISABLE", "disattiverà l'account (12 dicembre 2025)", serious=True)
    ],
    "account_disabled": [account("DISABLE", "ha disattivato l'account (12 dicembre 2025)", serious=True)],
    "account_reinstated": [account("REINSTATE", "ha riattivato l'account")],
    "account_disabled_without_state": [account("DISABLED_UPDATE", "gli invii sono fermi", serious=True)],
    "account_deleted": [account("ACCOUNT_DELETED", "è stato cancellato", serious=True)],
    "account_offboarded": [account("ACCOUNT_OFFBOARDED", "scollegato")],
    "account_reconnected": [account("ACCOUNT_RECONNECTED", "di nuovo collegato")],
    "account_pricing_tier": [
        account("VOLUME_BASED_PRICING_TIER_UPDATE", "Novità sull'account WhatsApp: VOLUME_BASED")
    ],
    "account_alerts": [
        account("INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED", "Limite non aumentato (INCREASED")
    ],
    "account_review": [account("REJECTED", "ha respinto l'account")],
    "security": [account("PIN_CHANGED", "cambiate subito il PIN")],
    "number_name": [account("APPROVED", "ha approvato il nome visibile")],
    "number_quality": [account("ONBOARDING", "fino a 250 persone nuove in 24 ore", tier="TIER_250")],
    "number_throughput": [account("THROUGHPUT_UPGRADE", "ha aggiornato il numero: THROUGHPUT_UPGRADE")],
    "capability": [account("business_capability_update", "fino a 2.000 persone", tier="TIER_2K")],
    "capability_unlimited": [
        account("business_capability_update", "nessun limite di persone", tier="TIER_UNLIMITED")
    ],
    "username": [account("approved", "comuneregalbuto (approved)")],
    "errors_without_messages": [
        account("ERROR_130429", "rallentare"),
        account("ERROR_131031", "bloccato", serious=True),
    ],
}
EXPECTED = {**MESSAGES, **STATUSES, **PEOPLE, **TEMPLATES, **ACCOUNT}


def comparable(update: Update, like: Update | None) -> Any:
    """Without what has its own tests: keys, and the whole wording of texts."""
    match update:
        case InboundMessage():
            return replace(update, provider_id="")
        case StatusUpdate(error=ChannelError() as error):
            return replace(update, error=None), type(error), error.code
        case AccountUpdate():
            part = like.text if isinstance(like, AccountUpdate) and like.text in update.text else update.text
            return replace(update, key="", text=part)
    return update


def read(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def test_every_file_is_expected() -> None:
    assert {path.stem for path in PAYLOADS.glob("*.json")} == EXPECTED.keys()


@pytest.mark.parametrize("name", EXPECTED)
def test_each_is_read(name: str) -> None:
    told, expected = CloudApi().parse(read(name)), EXPECTED[name]
    likes = [*expected, *[None] * len(told)]
    found = [comparable(update, like) for update, like in zip(told, likes, strict=False)]
    assert found == [comparable(update, update) for update in expected]


@pytest.mark.django_db
@pytest.mark.parametrize("name", EXPECTED)
def test_each_passes_the_door_and_is_dealt_with_once(post_webhook: Any, name: str) -> None:
    sent = OutboundMessageFactory(state=State.ACCEPTED)
    Attempt.objects.create(
        message=sent, channel=channels.current(), state=State.ACCEPTED, provider_id="wamid.NOSTRO"
    )
    TemplateFactory(name="avviso_generico")
    for _ in range(2):
        assert post_webhook(read(name)).status_code == 200
    for kept in WebhookEvent.Inbox:
        inbox.process(kept)
    assert list(WebhookEvent.objects.values_list("error", flat=True)) == ["", ""]
    assert not WebhookEvent.objects.filter(handled_at=None).exists()
    told = [type(update) for update in EXPECTED[name]]
    assert Message.objects.filter(inbound=True).count() == told.count(InboundMessage)
    assert AccountEvent.objects.count() == told.count(AccountUpdate)


class TestSameNews:
    """An account's news has a key (3.3): field, ids, the entry's time, what is told."""

    def keys(self, **entry: Any) -> list[str]:
        body = json.loads(read("account_violation"))
        body["entry"][0].update(entry)
        told = CloudApi().parse(json.dumps(body).encode())
        return [update.key for update in told if isinstance(update, AccountUpdate)]

    def test_told_again_it_is_the_same(self) -> None:
        assert self.keys() == self.keys()

    def test_told_at_another_time_it_is_new(self) -> None:
        assert self.keys() != self.keys(time=1760000001)

    def test_told_of_another_account_it_is_new(self) -> None:
        assert self.keys() != self.keys(id="999")


@pytest.mark.parametrize(
    ("told", "at"),
    [("1760000000", AT), (1760000000, AT), (1760000000.9, AT)],
)
def test_times_as_strings_and_numbers(told: Any, at: datetime) -> None:
    body = json.loads(read("message_text"))
    body["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = told
    [update] = CloudApi().parse(json.dumps(body).encode())
    assert isinstance(update, InboundMessage)
    assert update.sent_at == at


@pytest.mark.parametrize("told", ["domani", None, "", "99999999999", -1, 0, 10**30, [], {}, "١٧٦", 4e300])
def test_a_clock_that_cannot_be_right_is_not_believed(told: Any) -> None:
    body = json.loads(read("message_text"))
    body["entry"][0]["changes"][0]["value"]["messages"][0]["timestamp"] = told
    before = datetime.now(UTC)
    [update] = CloudApi().parse(json.dumps(body).encode())
    assert isinstance(update, InboundMessage)
    assert before <= update.sent_at <= datetime.now(UTC)


@pytest.mark.parametrize("digits", ["0393401112233", "٣٩٣٤٠١١١٢٢٣٣", "12345", "1" * 16, "120363042@g.us", ""])
def test_what_is_no_number_is_no_number(digits: str) -> None:
    body = json.loads(read("message_text"))
    body["entry"][0]["changes"][0]["value"]["messages"][0]["from"] = digits
    [update] = CloudApi().parse(json.dumps(body).encode())
    assert isinstance(update, InboundMessage)
    assert update.sender.phone is None
