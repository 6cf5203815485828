"""Which state follows which: the one place that decides (feature 20)."""

from enum import StrEnum

from django.db.models import Q
from django.utils import timezone

from broadcasts.errors import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.types import LEAVING, WRITABLE, State


class Step(StrEnum):
    """What happens to a notice."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    RETURN = "return"
    SEND = "send"  # at once
    HOLD = "hold"
    SCHEDULE = "schedule"
    UNDO = "undo"
    RECALL = "recall"  # the second person, within the hold: it waits for approval again
    LEAVE = "leave"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    FINISH = "finish"
    RESEND = "resend"


TRANSITIONS: dict[tuple[str, Step], State] = {
    (State.DRAFT, Step.SUBMIT): State.SUBMITTED,
    (State.RETURNED, Step.SUBMIT): State.SUBMITTED,
    (State.SUBMITTED, Step.WITHDRAW): State.DRAFT,
    (State.SUBMITTED, Step.RETURN): State.RETURNED,
    # Whether this person may, alone or as the second one, `approval.answer_for` says.
    **{
        (state, step): to
        for state in (*WRITABLE, State.SUBMITTED)
        for step, to in (
            (Step.SEND, State.SENDING),
            (Step.HOLD, State.HOLDING),
            (Step.SCHEDULE, State.SCHEDULED),
        )
    },
    (State.HOLDING, Step.RECALL): State.SUBMITTED,
    (State.HOLDING, Step.UNDO): State.DRAFT,
    (State.SCHEDULED, Step.UNDO): State.DRAFT,
    (State.HOLDING, Step.LEAVE): State.SENDING,
    (State.SCHEDULED, Step.LEAVE): State.SENDING,
    (State.SENDING, Step.PAUSE): State.PAUSED,
    (State.PAUSED, Step.RESUME): State.SENDING,
    (State.SENDING, Step.STOP): State.STOPPED,
    (State.PAUSED, Step.STOP): State.STOPPED,
    (State.SENDING, Step.FINISH): State.COMPLETED,
    (State.PAUSED, Step.FINISH): State.COMPLETED,  # its last messages expired meanwhile
    (State.SENDING, Step.RESEND): State.SENDING,
    (State.COMPLETED, Step.RESEND): State.SENDING,
}

# Why a step is not there, by the state the notice is in.
_REFUSALS: dict[str, str] = {
    State.DRAFT: "L'avviso è ancora una bozza: prima va inviato.",
    State.SUBMITTED: "L'avviso aspetta l'approvazione: chi lo ha scritto può riprenderlo per correggerlo.",
    State.RETURNED: "L'avviso è da correggere: correggilo e chiedi di nuovo l'approvazione.",
    State.SCHEDULED: "L'avviso è programmato: per cambiarlo o inviarlo prima, annulla la programmazione.",
    State.HOLDING: "L'avviso è già in partenza: puoi ancora annullare l'invio.",
    State.SENDING: "L'avviso è già in invio: segui l'andamento in questa pagina.",
    State.PAUSED: "L'avviso è già in pausa: puoi riprendere l'invio o fermarlo del tutto.",
    State.COMPLETED: "L'avviso è già stato inviato a tutti: per una rettifica scrivi un nuovo avviso.",
    State.STOPPED: "L'invio è già stato fermato: per riprovare scrivi un nuovo avviso.",
}
# Where the state alone would not explain it.
_OTHER_REFUSALS: dict[tuple[str, Step], str] = {
    (State.DRAFT, Step.UNDO): "L'invio è già stato annullato: l'avviso è di nuovo una bozza.",
    (State.SUBMITTED, Step.UNDO): "L'invio è già stato annullato: l'avviso aspetta di nuovo l'approvazione.",
    (State.DRAFT, Step.WITHDRAW): "L'avviso è già di nuovo una bozza.",
    (State.RETURNED, Step.WITHDRAW): "L'avviso è già stato restituito: puoi correggerlo.",
    (State.DRAFT, Step.RETURN): "Chi lo ha scritto ha ripreso l'avviso per cambiarlo: ora è una bozza.",
    (State.RETURNED, Step.RETURN): "L'avviso è già stato restituito.",
    (State.SENDING, Step.UNDO): "Troppo tardi per annullare: l'avviso è già in invio. Puoi fermarlo.",
    (State.SENDING, Step.RESUME): "L'invio è già ripreso: segui l'andamento in questa pagina.",
    (State.PAUSED, Step.RESEND): "L'avviso è in pausa: prima riprendi l'invio.",
    (
        State.STOPPED,
        Step.RESEND,
    ): "L'invio è stato fermato: non si rimanda a nessuno. Scrivi un nuovo avviso.",
}


def can(broadcast: Broadcast, step: Step) -> bool:
    """Does the notice's state allow this step?"""
    return (broadcast.state, step) in TRANSITIONS


def move(broadcast: Broadcast, step: Step) -> None:
    """Give the notice its next state, unsaved: the caller holds the row's lock and saves the rest too.

    Raises:
        NotAllowed: the table has no such step from here.
    """
    if not can(broadcast, step):
        here = broadcast.state
        raise NotAllowed(_OTHER_REFUSALS.get((here, step)) or _REFUSALS[here])
    broadcast.state = TRANSITIONS[broadcast.state, step]


def refuse_expired(broadcast: Broadcast) -> None:
    """Raises NotAllowed once nobody may get it any more."""
    if broadcast.expired and broadcast.expires_at:
        expiry = timezone.localtime(broadcast.expires_at)
        raise NotAllowed(
            f"L'avviso è scaduto il {expiry:%d/%m/%Y alle %H:%M}: non parte più per nessuno. "
            "Se serve ancora, scrivi un nuovo avviso."
        )


def locked(broadcast: Broadcast) -> Broadcast:
    """The notice as it is now, locked until the transaction ends: two clicks have one effect."""
    return (
        Broadcast.objects.select_for_update(of=("self",))
        .select_related("category__topic", "media", "content", "follows")
        .get(pk=broadcast.pk)
    )


def anything_to_do() -> bool:
    """Is a notice on its way, or due to leave? The sweep's one question on a quiet day."""
    due = Q(state__in=LEAVING, leaves_at__lte=timezone.now())
    return Broadcast.objects.filter(due | Q(state__in=[State.SENDING, State.PAUSED])).exists()
