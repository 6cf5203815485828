"""The account's own affairs: templates and their states, restrictions, quality."""

import logging

from django.utils import timezone

from whatsapp import channels
from whatsapp.errors import ChannelError
from whatsapp.models import AccountEvent, Channel, Template
from whatsapp.paging import page
from whatsapp.providers import registry
from whatsapp.types import AccountUpdate, RemoteTemplate, TemplateUpdate

logger = logging.getLogger(__name__)

# The provider's states (fact sheet 3.7, 5.2) as ours; whatever is not here cannot be sent.
STATES = {
    "APPROVED": Template.Status.APPROVED,
    "REINSTATED": Template.Status.APPROVED,
    "PENDING": Template.Status.PENDING,
    "IN_APPEAL": Template.Status.PENDING,
    "REJECTED": Template.Status.REJECTED,
    "PAUSED": Template.Status.PAUSED,
    "FLAGGED": Template.Status.APPROVED,
}


def update_template(update: TemplateUpdate) -> None:
    """A template's state has changed; the staff hear of what can no longer be sent."""
    state = STATES.get(update.state, Template.Status.DISABLED)
    changed = Template.objects.filter(name=update.name, language=update.language).update(
        status=state, reason=update.reason[:200], synced_at=timezone.now()
    )
    if changed and state not in {Template.Status.APPROVED, Template.Status.PENDING}:
        page(
            f"modello «{update.name}» {Template.Status(state).label}",
            "Gli avvisi che lo usano non possono partire. Controlla il modello in WhatsApp Manager.",
        )


def update_account(update: AccountUpdate) -> None:
    """Something about the account; what endangers sending stops the channel and calls the staff."""
    told = {"tier": update.tier, "quality": update.quality}
    if new := {name: value for name, value in told.items() if value}:
        Channel.objects.update(**new)
    _, first = AccountEvent.objects.get_or_create(
        key=update.key,
        defaults={"event": update.event, "text": update.text, "serious": update.serious},
    )
    if first and update.serious:
        channels.pause(channels.current(), update.text)
        page("invii fermati da Meta", update.text)


def sync_templates() -> dict[str, int]:
    """Submit the templates the provider lacks and take over the state of the others.

    Returns:
        Counts: `submitted`, `updated`, `refused` (with the reason in the template's row).

    Raises:
        ChannelError: the list itself could not be read.
    """
    provider = registry.current()
    remote = {(row.name, row.language): row for row in provider.list_templates()}
    counts = {"submitted": 0, "updated": 0, "refused": 0}
    for template in Template.objects.order_by("pk"):
        row = remote.get((template.name, template.language))
        try:
            counts["updated" if row else "submitted"] += 1
            _take_over(template, row or provider.submit_template(template))
        except ChannelError as error:
            counts["submitted"] -= 1
            counts["refused"] += 1
            template.status, template.reason = Template.Status.DRAFT, error.text[:200]
            template.save(update_fields=["status", "reason"])
    return counts


def _take_over(template: Template, row: RemoteTemplate) -> None:
    template.status = STATES.get(row.state, Template.Status.DISABLED)
    template.category = row.category.lower() or template.category
    template.quality, template.reason = row.quality, "" if row.reason == "NONE" else row.reason
    template.provider_id, template.synced_at = row.provider_id, timezone.now()
    template.save(update_fields=["status", "category", "quality", "reason", "provider_id", "synced_at"])
