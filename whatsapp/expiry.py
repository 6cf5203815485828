"""How long the channel's data are kept (`personal_data.Clock`)."""

from collections.abc import Sequence
from datetime import datetime

from auditlog.models import LogEntry
from django.contrib.admin.models import LogEntry as AdminLogEntry
from django.db.models import Exists, OuterRef, Q, QuerySet

from whatsapp.models import Call, Contact, Content, Mail, Media, Message, WebhookEvent
from whatsapp.personal_data import Clock, deleting, remove_files, unreferenced
from whatsapp.retries import WAITING
from whatsapp.types import State

# The provider repeats its webhooks for a week: until then a message is known by its row.
REPEATED = 8


def _old_messages(before: datetime) -> QuerySet[Message]:
    free_contents = Content.objects.filter(unreferenced(Content, Message), pk=OuterRef("content"))
    old = Message.objects.filter(unreferenced(Message), Exists(free_contents), created_at__lt=before)
    waiting = Q(WAITING, inbound=True) | Q(state__in=(State.QUEUED, State.IN_FLIGHT))
    return old.exclude(waiting)


def discard_messages(pks: Sequence[int]) -> int:
    """Delete messages with their attempts, and the contents that were only theirs."""
    messages = Message.objects.filter(pk__in=pks)
    contents = set(messages.values_list("content", flat=True))
    _, gone = messages.delete()
    Content.objects.filter(unreferenced(Content), pk__in=contents).delete()
    return gone.get(Message._meta.label, 0)


def _strangers(before: datetime) -> QuerySet[Contact]:
    """Nobody's subscription, message or case: they wrote once. Who is blocked or wants no promotions stays
    known as such; of the erased only the row is left, which tells nothing."""
    free = Contact.objects.filter(unreferenced(Contact), created_at__lt=before, erased_at__isnull=True)
    return free.filter(blocked=False, marketing_stopped_at__isnull=True, merged_into__isnull=True)


CLOCKS = (
    Clock(
        slug="webhooks",
        name="Comunicazioni grezze di WhatsApp",
        explanation="Servono a ricostruire un guasto. Si contano i giorni da quando sono state elaborate, o "
        "messe da parte.",
        days=14,
        due=lambda before: WebhookEvent.objects.filter(Q(handled_at__lt=before) | Q(set_aside_at__lt=before)),
        discard=deleting(WebhookEvent),
    ),
    Clock(
        slug="calls",
        name="Chiamate del personale",
        explanation="Che cosa è stato detto a chi è di turno, e chi se ne è occupato.",
        days=30,
        due=lambda before: Call.objects.filter(created_at__lt=before),
        discard=deleting(Call),
    ),
    Clock(
        slug="mails",
        name="E-mail spedite",
        explanation="Del personale e degli uffici: indirizzo, oggetto ed esito. Il testo si cancella appena "
        "l'e-mail è spedita.",
        days=7,
        due=lambda before: Mail.objects.filter(created_at__lt=before, due_at=None),
        discard=deleting(Mail),
    ),
    Clock(
        slug="messages",
        name="Messaggi",
        explanation="Ricevuti e inviati, fuori dalle segnalazioni e dagli avvisi.",
        days=30,
        minimum=REPEATED,
        due=_old_messages,
        discard=discard_messages,
    ),
    Clock(
        slug="files",
        name="File",
        explanation="Foto, video e documenti che non sono più in un messaggio, un avviso o una segnalazione.",
        days=30,
        due=lambda before: Media.objects.filter(unreferenced(Media), created_at__lt=before),
        discard=lambda pks: remove_files(Media.objects.filter(unreferenced(Media), pk__in=pks)),
    ),
    Clock(
        slug="strangers",
        name="Contatti mai iscritti",
        explanation="Chi ha scritto senza iscriversi, quando non restano suoi messaggi né segnalazioni.",
        days=30,
        minimum=REPEATED,
        due=_strangers,
        discard=deleting(Contact),
    ),
    Clock(
        slug="actions",
        name="Registro delle azioni",
        explanation="Chi ha aperto o cambiato che cosa. Il Garante chiede almeno sei mesi.",
        days=365,
        minimum=183,
        due=lambda before: LogEntry.objects.filter(timestamp__lt=before),
        discard=deleting(LogEntry),
    ),
    Clock(
        slug="admin-actions",
        name="Azioni recenti dell'amministrazione",
        explanation="Esportazioni e modifiche fatte dalle pagine di amministrazione. Almeno sei mesi.",
        days=365,
        minimum=183,
        due=lambda before: AdminLogEntry.objects.filter(action_time__lt=before),
        discard=deleting(AdminLogEntry),
    ),
)
