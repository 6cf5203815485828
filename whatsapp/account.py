"""The account's own affairs: templates and their states, restrictions, quality."""

import logging
import math
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.db import transaction
from django.utils import timezone

from whatsapp import channels, template_rules, templates, tiers
from whatsapp.errors import ChannelError, ContentError, OutcomeUnknown, Unsupported
from whatsapp.models import AccountEvent, Channel, Template
from whatsapp.paging import page
from whatsapp.providers import registry
from whatsapp.templates import VARIABLE
from whatsapp.types import AccountUpdate, RemoteTemplate, TemplateUpdate

logger = logging.getLogger(__name__)
Status = Template.Status

# The provider's states (fact sheet 3.7, 5.2) as ours; whatever is not here cannot be sent.
STATES = {
    # FLAGGED is a warning: it still goes.
    **dict.fromkeys(["APPROVED", "REINSTATED", "UNARCHIVED", "FLAGGED"], Status.APPROVED),
    **dict.fromkeys(["PENDING", "IN_APPEAL"], Status.PENDING),
    "REJECTED": Status.REJECTED,
    **dict.fromkeys(["PAUSED", "LOCKED"], Status.PAUSED),
    **dict.fromkeys(["LIMIT_EXCEEDED", "ARCHIVED", "DISABLED"], Status.DISABLED),
    **dict.fromkeys(["PENDING_DELETION", "DELETED"], Status.DISABLED),
}
# Why, of the states that say no more (fact sheet 3.7).
REASONS = {
    "FLAGGED": "WhatsApp avverte che può essere sospeso per bassa qualità",
    "IN_APPEAL": "in riesame presso WhatsApp",
    "LOCKED": "bloccato da WhatsApp",
    "LIMIT_EXCEEDED": "troppi modelli nell'account",
    "ARCHIVED": "archiviato: non è stato usato per dodici mesi",
    "PENDING_DELETION": "in cancellazione in WhatsApp Manager",
    "DELETED": "cancellato in WhatsApp Manager",
}
GONE = "Non c'è più in WhatsApp Manager: il nome resta bloccato per 30 giorni, usane un altro."
OTHER_VARIABLES = (
    "Il testo in WhatsApp Manager è stato cambiato e ha altre variabili: serve un nuovo modello."
)
LOST = "WhatsApp non l'ha ricevuto: sottoponilo di nuovo."
# What the staff may change and submit.
EDITABLE = (Status.DRAFT, Status.REJECTED)
QUALITIES = {"GREEN": "alta", "YELLOW": "media", "RED": "bassa"}


@dataclass(frozen=True)
class News:
    """Why the staff are called."""

    reason: str
    text: str


# --- Templates ------------------------------------------------------------------------------------


@transaction.atomic
def update_template(update: TemplateUpdate) -> None:
    """Something of a template has changed; the staff hear of what can no longer be sent or is at risk."""
    wanted = Template.objects.select_for_update().filter(name=update.name, language=update.language)
    for template in wanted:
        _call(_take_over(template, update))


def sync_templates(*, installing: bool = False) -> int:
    """Take over the provider's state of the templates submitted from here, and how it sees our number.

    Those it has and we have not are left alone: nobody here can send with them.

    Args:
        installing: take over drafts of the same name too, and make a draft again of whatever it lacks, as
            with a new account or a database made anew.

    Returns:
        How many templates were found there.

    Raises:
        ChannelError: the provider could not be asked.
    """
    began = timezone.now()
    provider = registry.current()
    remote = {(row.name, row.language): row for row in provider.list_templates()}
    with transaction.atomic():
        ours = Template.objects.select_for_update().order_by("pk")
        ours = ours if installing else ours.exclude(status=Status.DRAFT)
        found = [(template, remote.get((template.name, template.language))) for template in ours]
        news = [_take_over(template, row) for template, row in found if row]
        news += [_miss(template, began, installing) for template, row in found if not row]
        _call(chain.from_iterable(news))
    with suppress(Unsupported):
        health = provider.number_health()
        _call(_take_over_health(health.tier, health.quality))
    return sum(row is not None for _, row in found)


def submit(template: Template) -> None:
    """Ask for a draft's, or a mended template's, approval. What the provider answers is in the row.

    Raises:
        ContentError: it breaks a rule, or was submitted before.
        ChannelError: refused, with the provider's reason, which its row keeps too; it can be mended.
    """
    urgent = any(use.urgent for use in templates.uses(template))
    if wrong := template_rules.problems(template, urgent=urgent):
        raise ContentError(" ".join(text for texts in wrong.values() for text in texts))
    # Taken before the call: two clicks submit once, and no edit slips in between.
    before, now = template.status, timezone.now()
    mine = Template.objects.filter(pk=template.pk, status__in=EDITABLE)
    if not mine.update(status=Status.PENDING, reason="", synced_at=now):
        raise ContentError(f"Il modello «{template.name}» è già stato sottoposto a WhatsApp.")
    template.status = Status.PENDING
    try:
        row = registry.current().submit_template(template)
    except OutcomeUnknown:
        raise  # in the list it will be found, or missed
    except ChannelError as error:
        template.status, template.reason = Status(before), error.text[:200]
        template.save(update_fields=["status", "reason"])
        raise
    with transaction.atomic():
        _call(_take_over(template, row))


def submit_drafts() -> dict[str, int]:
    """Submit every draft: an administrator's decision, at the installation above all.

    Returns:
        Counts: `submitted`, `refused` (with the reason in the template's row).
    """
    counts = {"submitted": 0, "refused": 0}
    for template in Template.objects.filter(status=Status.DRAFT).order_by("pk"):
        try:
            submit(template)
            counts["submitted"] += 1
        except (ChannelError, ContentError) as error:
            Template.objects.filter(pk=template.pk).update(reason=str(error)[:200])
            counts["refused"] += 1
    return counts


def accept_category(template: Template) -> None:
    """The staff reckon with the category WhatsApp gave: what waits for it may be resumed."""
    template.accepted_category = template.category
    template.save(update_fields=["accepted_category"])


def _take_over(template: Template, told: TemplateUpdate | RemoteTemplate) -> list[News]:
    """Write what the provider says, each only if told, and return what the staff should hear of."""
    was = (template.status, template.category, template.quality)
    if told.state:
        template.status = STATES.get(told.state, Status.DISABLED)
        template.reason = REASONS.get(told.state, "")
    if told.reason:
        template.reason = told.reason[:200]
    if told.category.lower() in dict(Template._meta.get_field("category").flatchoices):
        template.category = told.category.lower()
    template.quality = told.quality[:10] or template.quality
    if body := getattr(told, "body", ""):  # changed in WhatsApp Manager, it is shown here as it will be read
        if set(VARIABLE.findall(body)) == set(VARIABLE.findall(template.body)):
            template.body = body
        else:
            template.status, template.reason = Status.DISABLED, OTHER_VARIABLES
    template.provider_id = getattr(told, "provider_id", "") or template.provider_id
    template.synced_at = timezone.now()
    template.save()  # its row is locked, or was taken by `submit`
    return _news_of(template, *was)


def _miss(template: Template, began: datetime, installing: bool) -> list[News]:
    """The provider does not list it: it was deleted there, or never arrived."""
    if template.synced_at and template.synced_at >= began:
        return []  # submitted while the list was read
    was = template.status
    if installing:
        template.status, template.reason, template.provider_id = Status.DRAFT, "", ""
    elif was == Status.PENDING and not template.provider_id:
        template.status, template.reason = Status.DRAFT, LOST
    else:
        template.status, template.reason = Status.DISABLED, GONE
    template.save(update_fields=["status", "reason", "provider_id"])
    return _news_of(template, was, template.category, template.quality)


def _news_of(template: Template, status: str, category: str, quality: str) -> list[News]:
    fine = {Status.APPROVED, Status.PENDING, Status.DRAFT}
    news = []
    if template.status != status and template.status not in fine:
        why = f" Motivo: {template.reason.rstrip('.')}." if template.reason else ""
        news.append(
            News(
                f"modello «{template.name}» {template.get_status_display()}",
                f"{templates.obstacle(template)}{why} Gli avvisi che lo usano non possono partire.",
            )
        )
    elif template.category != category and template.recategorised:
        news.append(News(f"modello «{template.name}» spostato da WhatsApp", templates.obstacle(template)))
    if template.quality != quality and template.quality == "RED":
        text = (
            f"Molte persone hanno segnalato i messaggi del modello «{template.name}»: WhatsApp può "
            "sospenderlo. Invia solo ciò che serve, con un testo chiaro."
        )
        news.append(News(f"modello «{template.name}»: qualità bassa", text))
    return news


def _call(news: Iterable[News]) -> None:
    """Call the staff once, however much there is to say."""
    told = list(news)
    if told:
        reason = told[0].reason if len(told) == 1 else f"{len(told)} novità da WhatsApp"
        page(reason, "\n\n".join(item.text for item in told))


# --- The number and the account -------------------------------------------------------------------


@transaction.atomic
def update_account(update: AccountUpdate) -> None:
    """Something about the account; what endangers sending stops the channel and calls the staff.

    The same news told twice is taken once: its tier may be an old one by then.
    """
    text = (
        update.text or _say_health(update) or f"Comunicazione di WhatsApp: {update.event or 'senza testo'}."
    )
    _, first = AccountEvent.objects.get_or_create(
        key=update.key, defaults={"event": update.event, "text": text, "serious": update.serious}
    )
    if not first:
        return
    news = _take_over_health(update.tier, update.quality)
    if update.serious:
        channels.pause(channels.current(), text)
        news.insert(0, News("invii fermati da Meta", text))
    _call(news)


def describe_tier(tier: str) -> str:
    """How many people the number may write to first in 24 hours, in Italian."""
    if tier == "TIER_UNLIMITED":
        return "nessun limite"
    limit = tiers.TIERS.get(tier)
    return f"{limit:,} persone".replace(",", ".") if limit else tier


def _limit(tier: str) -> float:
    """People in 24 hours; of a tier nobody told, neither more nor less than any other."""
    return {**tiers.TIERS, "TIER_UNLIMITED": math.inf}.get(tier, math.nan)


def _say_health(update: AccountUpdate) -> str:
    channel = channels.current()
    said = []
    if update.tier:
        before = f" (prima {describe_tier(channel.tier)})" if channel.tier else ""
        said.append(f"Limite nelle 24 ore: {describe_tier(update.tier)}{before}.")
    if update.quality:
        said.append(f"Qualità del numero: {QUALITIES.get(update.quality, update.quality)}.")
    return " ".join(said)


def _take_over_health(tier: str, quality: str) -> list[News]:
    """Keep what was told about the number; the staff hear of what got worse."""
    channel = channels.current()
    news = []
    if _limit(tier) < _limit(channel.tier):
        text = (
            f"WhatsApp ha abbassato il limite nelle 24 ore a {describe_tier(tier)} (prima "
            f"{describe_tier(channel.tier)}): un avviso a tutti può richiedere più giorni."
        )
        news.append(News("limite di WhatsApp abbassato", text))
    if quality == "RED" != channel.quality:
        text = (
            "Molte persone hanno segnalato o bloccato i nostri messaggi: WhatsApp può ridurre o fermare gli "
            "invii. Invia solo ciò che serve."
        )
        news.append(News("qualità del numero bassa", text))
    told = {name: value[:20] for name, value in (("tier", tier), ("quality", quality)) if value}
    if told:
        Channel.objects.filter(pk=channel.pk).update(**told)
    return news
