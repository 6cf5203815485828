"""News of the account, the number and the templates: true here, and told to the project (fact sheet 3.7)."""

from typing import Any

from .state import Simulator
from .templates import Template

JSON = dict[str, Any]
TIERS = {"TIER_50": 50, "TIER_250": 250, "TIER_2K": 2000, "TIER_10K": 10_000, "TIER_100K": 100_000}
STATUS, CATEGORY, QUALITY = (
    "message_template_status_update", "template_category_update", "message_template_quality_update",
)  # fmt: skip
# field: (attribute of the template, key of its new value, key of its old one)
TEMPLATE_FIELDS = {
    STATUS: ("status", "event", None),
    CATEGORY: ("category", "new_category", "previous_category"),
    QUALITY: ("quality", "new_quality_score", "previous_quality_score"),
}
# Template states that `event` names otherwise than the list of templates does.
STATES = {"REINSTATED": "APPROVED", "UNARCHIVED": "APPROVED", "FLAGGED": "APPROVED"}
NUMBER, CAPABILITY, ACCOUNT = "phone_number_quality_update", "business_capability_update", "account_update"
MAXIMUM = "max_daily_conversations_per_business"
BAN_DATE = "January 2, 2027"
# What the page offers: (label, field, value); the page adds the template.
NEWS: list[tuple[str, str, JSON]] = [
    ("Modello approvato", STATUS, {"event": "APPROVED"}),
    ("Modello respinto", STATUS, {"event": "REJECTED", "reason": "INCORRECT_CATEGORY"}),
    ("Modello in pausa", STATUS, {"event": "PAUSED", "other_info": {"title": "FIRST_PAUSE"}}),
    ("Modello disattivato", STATUS, {"event": "DISABLED", "other_info": {"title": "DISABLED"}}),
    ("Modello riammesso", STATUS, {"event": "REINSTATED", "other_info": {"title": "UNPAUSED"}}),
    ("Modello riclassificato come marketing", CATEGORY, {"new_category": "MARKETING"}),
    ("Modello tornato di servizio", CATEGORY, {"new_category": "UTILITY"}),
    ("Qualità del modello bassa", QUALITY, {"new_quality_score": "RED"}),
    ("Qualità del modello alta", QUALITY, {"new_quality_score": "GREEN"}),
    ("Limite: 250 persone in 24 ore", NUMBER, {"event": "ONBOARDING", MAXIMUM: "TIER_250"}),
    ("Limite: 2.000 persone in 24 ore", NUMBER, {"event": "ONBOARDING", MAXIMUM: "TIER_2K"}),
    ("Limite: 10.000 persone in 24 ore", CAPABILITY, {MAXIMUM: "TIER_10K"}),
    ("Violazione delle regole", ACCOUNT,
        {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SPAM"}}),
    ("Account limitato: niente avvisi", ACCOUNT, {"event": "ACCOUNT_RESTRICTION", "restriction_info": [
        {"restriction_type": "RESTRICTED_BIZ_INITIATED_MESSAGING", "expiration": 1893456000}]}),
    ("Account bloccato", ACCOUNT,
        {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE", "waba_ban_date": BAN_DATE}}),
    ("Account sbloccato", ACCOUNT,
        {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "REINSTATE", "waba_ban_date": BAN_DATE}}),
    ("Nome utente approvato", "business_username_updates",
        {"username": "comune.regalbuto", "status": "approved"}),
]  # fmt: skip


def tell(simulator: Simulator, field: str, value: JSON) -> JSON:
    """Post news of `field`, completed with what goes without saying; the value as posted.

    ValueError, in Italian, when it is about a template that does not exist.
    """
    if field in TEMPLATE_FIELDS:
        name, language = str(value.get("message_template_name")), value.get("message_template_language", "it")
        return tell_template(simulator, simulator.templates.get(name, str(language)), field, value)
    if field in {NUMBER, "business_username_updates", "phone_number_name_update"}:
        value = {"display_phone_number": simulator.config.display_number.removeprefix("+")} | value
    settings, state = simulator.settings, (value.get("ban_info") or {}).get("waba_ban_state", "")
    settings.tier = TIERS.get(value.get(MAXIMUM, ""), settings.tier)
    settings.account_locked = {"DISABLE": True, "REINSTATE": False}.get(state, settings.account_locked)
    simulator.webhooks.event(field, value)
    return value


def tell_template(simulator: Simulator, template: Template, field: str, value: JSON) -> JSON:
    """The template changes as `value` says."""
    attribute, new, old = TEMPLATE_FIELDS[field]
    known: JSON = {
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
    }
    if old and "correct_category" not in value:
        known[old] = getattr(template, attribute)
    if value.get(new) and "correct_category" not in value:
        setattr(template, attribute, STATES.get(value[new], value[new]))
    if field == STATUS:
        known |= {"message_template_category": template.category, "reason": "NONE"}
    posted = known | value
    simulator.webhooks.event(field, posted)
    return posted
