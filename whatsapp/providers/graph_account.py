"""What Meta tells about templates, the number and the account (fact sheet 3.7), in words for the staff."""

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils import timezone

from whatsapp import errors
from whatsapp.providers import graph_errors
from whatsapp.providers.graph_fields import Json, mapping, mappings, moment, text, word
from whatsapp.types import AccountUpdate, RemoteTemplate, TemplateUpdate, Update

NEWS = Path(__file__).resolve().parent.parent / "data" / "account_news.toml"
# Why Meta refuses or suspends a template.
REASONS = {
    "NONE": "",
    "ABUSIVE_CONTENT": "contenuto offensivo o minaccioso",
    "INCORRECT_CATEGORY": "categoria sbagliata",
    "INVALID_FORMAT": "formato non valido: controlla le variabili",
    "PROMOTIONAL": "contenuto promozionale",
    "SCAM": "sembra una truffa",
    "TAG_CONTENT_MISMATCH": "il testo non corrisponde alla categoria o alla lingua",
}


@dataclass(frozen=True)
class Change:
    """One news of a webhook, with what makes it the same when it is told again (fact sheet 3.3)."""

    field: str
    value: Json
    entry_id: str = ""
    entry_time: str = ""

    @property
    def key(self) -> str:
        told = [self.field, self.entry_id, self.entry_time, self.value]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


class Notice(NamedTuple):
    """What happened and what to do; `{detail}` is what the news itself says."""

    text: str
    serious: bool = False


# (field, word) before (field, ""); the word is the event, decision or state the news carries.
NOTICES = {
    (field, word): Notice(**row)
    for field, rows in tomllib.loads(NEWS.read_text(encoding="utf-8")).items()
    for word, row in rows.items()
}
# Fields whose news belong to one number; they carry `metadata`.
OF_A_NUMBER = frozenset({"messages", "user_preferences", "user_id_update"})
# What each restriction forbids, and whether it stops our messages.
RESTRICTIONS = {
    "RESTRICTED_BIZ_INITIATED_MESSAGING": ("non possiamo scrivere per primi", True),
    "RESTRICTED_CUSTOMER_INITIATED_MESSAGING": ("non possiamo rispondere ai cittadini", True),
    "RESTRICTED_UTILITY_TEMPLATES": ("non possiamo usare i modelli di servizio", True),
    "RESTRICTED_DIRECT_SEND_UTILITY_TEMPLATES": ("niente messaggi di servizio senza modello", False),
    "RESTRICTED_ADD_PHONE_NUMBER_ACTION": ("non si possono aggiungere numeri", False),
}


def is_ours(change: Change) -> bool:
    """Is this about our number, or about our account? One app of Meta's has one webhook for all its numbers.

    Of a number's own news (`metadata`: messages, statuses, a person's choices) the most precise identifier
    decides that is both sent and configured; with none, the news is not ours. News of an account names the
    account, and sometimes the number: what is configured must agree.
    """
    metadata = mapping(change.value.get("metadata"))
    shown = metadata.get("display_phone_number") or change.value.get("display_phone_number")
    account = (change.entry_id, settings.WHATSAPP_WABA_ID)
    number = (_digits(shown), _digits(settings.WHATSAPP_DISPLAY_NUMBER))
    number_id = (_number_id(change, metadata), settings.WHATSAPP_PHONE_NUMBER_ID)
    if metadata or change.field in OF_A_NUMBER:
        comparable = (pair for pair in (number_id, number, account) if all(pair))
        sent, configured = next(comparable, ("", "-"))
        return sent == configured
    if settings.WHATSAPP_WABA_ID and change.entry_id != settings.WHATSAPP_WABA_ID:
        return False
    return all(sent == configured for sent, configured in (number_id, number) if sent and configured)


def _number_id(change: Change, metadata: Json) -> str:
    """An alert may name the number instead of the account."""
    if metadata:
        return word(metadata.get("phone_number_id"))
    about_number = word(change.value.get("entity_type")) == "PHONE_NUMBER"
    return word(change.value.get("entity_id")) if about_number else ""


def _digits(value: object) -> str:
    return "".join(character for character in word(value) if character in "0123456789")


def read(change: Change) -> Iterator[Update]:
    """What a change of these fields tells."""
    yield from _READERS[change.field](change)


def _update(
    change: Change, event: str, detail: str | None = None, *, row: str = "", tier: str = ""
) -> AccountUpdate:
    notice = NOTICES.get((change.field, row or event)) or NOTICES[change.field, ""]
    return AccountUpdate(
        key=change.key,
        event=(event or change.field)[:60],
        text=notice.text.format(detail=event or "senza altri particolari" if detail is None else detail),
        serious=notice.serious,
        tier=tier,
    )


def _read_other(change: Change) -> Iterator[Update]:
    """Fields that only say one word about what happened."""
    words = ("event", "decision", "alert_type", "status")
    event = next((told for name in words if (told := word(change.value.get(name)))), "")
    detail = text(change.value.get("alert_description") or change.value.get("username"), 300)
    yield _update(change, event, f"{detail} ({event})" if detail and event else detail or None)


def _read_account(change: Change) -> Iterator[Update]:
    event = word(change.value.get("event"))
    detail, row = None, event
    if event == "ACCOUNT_VIOLATION":
        detail = word(mapping(change.value.get("violation_info")).get("violation_type")) or None
    elif event == "ACCOUNT_RESTRICTION":
        detail, serious = _restrictions(change.value)
        row = event if serious else "RESTRICTION_ELSEWHERE"
    elif event == "DISABLED_UPDATE":
        ban = mapping(change.value.get("ban_info"))
        row = word(ban.get("waba_ban_state")) or event
        row = row if ("account_update", row) in NOTICES else event
        when = word(ban.get("waba_ban_date"), 40)
        event, detail = row, f" ({when})" if when else ""
    yield _update(change, event, detail, row=row)


def _restrictions(value: Json) -> tuple[str, bool]:
    """What is forbidden and until when; does it stop our messages? Unknown or untold: it may."""
    told, serious = [], []
    for row in mappings(value.get("restriction_info")):
        kind = word(row.get("restriction_type"))
        meaning, stops = RESTRICTIONS.get(kind, (kind or "limite non precisato", "CALL" not in kind))
        until = moment(row.get("expiration"))
        told.append(f"{meaning} fino al {timezone.localtime(until):%d/%m/%Y, %H:%M}" if until else meaning)
        serious.append(stops)
    return "; ".join(told), any(serious) or not serious


def _read_limits(change: Change) -> Iterator[Update]:
    """The 24-hour limit is a name (`TIER_2K`), or in older shapes a number, -1 for none."""
    names = ("max_daily_conversations_per_business", "max_daily_conversation_per_phone", "current_limit")
    told = next((change.value[name] for name in names if change.value.get(name)), "")
    tier = word(told, 20)
    if tier == "-1":
        tier = "TIER_UNLIMITED"
    elif tier.isdecimal():
        tier = f"TIER_{tier.removesuffix('000')}K" if tier.endswith("000") else f"TIER_{tier}"
    tier = tier[:20] if tier.startswith("TIER_") and tier != "TIER_NOT_SET" else ""
    event = word(change.value.get("event"))
    people = tier.removeprefix("TIER_").replace("K", ".000")
    limit = (
        "nessun limite di persone" if people == "UNLIMITED" else f"fino a {people} persone nuove in 24 ore"
    )
    yield _update(change, event, limit if tier else None, tier=tier)


def _template(change: Change, **told: str) -> TemplateUpdate:
    return TemplateUpdate(
        name=text(change.value.get("message_template_name"), 512),
        language=text(change.value.get("message_template_language"), 10),
        **told,
    )


def _read_template_state(change: Change) -> Iterator[Update]:
    value = change.value
    told = [_reason(value.get("reason"))]
    told += [text(mapping(value.get("rejection_info")).get(name)) for name in ("reason", "recommendation")]
    told += [text(mapping(value.get("other_info")).get("description"))]
    reason = "; ".join(dict.fromkeys(part for part in told if part))
    yield _template(change, state=word(value.get("event"), 30), reason=reason[:200])


def _read_template_quality(change: Change) -> Iterator[Update]:
    yield _template(change, quality=word(change.value.get("new_quality_score"), 10))


def _read_template_category(change: Change) -> Iterator[Update]:
    """`correct_category` is only announced: the category is still the one it was."""
    if category := word(change.value.get("new_category"), 12):
        yield _template(change, category=category.lower())
    elif announced := word(change.value.get("correct_category"), 12):
        name = text(change.value.get("message_template_name"), 512)
        yield _update(change, change.field, f"{name}» come «{announced.lower()}")


def _read_template_text(change: Change) -> Iterator[Update]:
    yield _update(change, change.field, text(change.value.get("message_template_name"), 512))


def read_errors(change: Change) -> Iterator[Update]:
    """Errors about no message of anybody's (fact sheet 3.4)."""
    for error in mappings(change.value.get("errors")):
        problem = graph_errors.from_graph(error)
        yield AccountUpdate(
            key=replace(change, value=error).key,
            event=f"ERROR_{problem.code}",
            text=problem.text,
            serious=isinstance(problem, errors.AccountError),
        )


_READERS: dict[str, Callable[[Change], Iterator[Update]]] = {
    "message_template_status_update": _read_template_state,
    "message_template_quality_update": _read_template_quality,
    "template_category_update": _read_template_category,
    "message_template_components_update": _read_template_text,
    "account_update": _read_account,
    "phone_number_quality_update": _read_limits,
    "business_capability_update": _read_limits,
    **dict.fromkeys(["account_alerts", "account_review_update", "security"], _read_other),
    **dict.fromkeys(["phone_number_name_update", "business_username_updates"], _read_other),
}
FIELDS = frozenset(_READERS)


def remote_template(row: Json) -> RemoteTemplate:
    """A row of the template list."""
    parts = mappings(row.get("components"))
    return RemoteTemplate(
        provider_id=word(row.get("id"), 64),
        name=text(row.get("name"), 512),
        language=text(row.get("language"), 10),
        state=word(row.get("status"), 30).upper(),
        category=word(row.get("category"), 12).lower(),
        quality=word(mapping(row.get("quality_score")).get("score"), 10),
        reason=_reason(row.get("rejected_reason")),
        body=next((text(part.get("text"), 1024) for part in parts if part.get("type") == "BODY"), ""),
    )


def _reason(value: object) -> str:
    told = text(value, 200)
    return REASONS.get(told, told)
