"""The words of notices."""

from django.db import models


class State(models.TextChoices):
    """The life of a notice; who may go where is the table in `lifecycle`."""

    DRAFT = "draft", "bozza"
    SUBMITTED = "submitted", "da approvare"
    RETURNED = "returned", "da correggere"
    SCHEDULED = "scheduled", "programmato"
    HOLDING = "holding", "in partenza"
    SENDING = "sending", "in invio"
    PAUSED = "paused", "in pausa"
    COMPLETED = "completed", "concluso"
    STOPPED = "stopped", "fermato"


# They have a time at which they leave; nothing has been said to anybody yet.
LEAVING = (State.SCHEDULED, State.HOLDING)
WRITABLE = (State.DRAFT, State.RETURNED)
UNSENT = (*WRITABLE, State.SUBMITTED, *LEAVING)
OVER = (State.COMPLETED, State.STOPPED)

TONES: dict[str, str] = {
    State.DRAFT: "grey",
    State.SUBMITTED: "amber",
    State.RETURNED: "red",
    State.SCHEDULED: "amber",
    State.HOLDING: "amber",
    State.SENDING: "blue",
    State.PAUSED: "amber",
    State.COMPLETED: "green",
    State.STOPPED: "red",
}


class Sequel(models.TextChoices):
    """What a notice is to the one it follows."""

    UPDATE = "update", "aggiornamento"
    CORRECTION = "correction", "rettifica"
    END = "end", "fine allerta"


# They are for those who may have the notice before, and for nobody else; an update is for everybody.
FOR_THE_SAME = (Sequel.CORRECTION, Sequel.END)


class AlertLevel(models.TextChoices):
    """How serious an alert is, where one person alone may send it."""

    ORANGE = "orange", "arancione"
    RED = "red", "rossa"


class Event(models.TextChoices):
    """What happened to a notice before it left; each is a line of its history."""

    SAVE = "save", "modificato"
    SUBMIT = "submit", "mandato in approvazione"
    WITHDRAW = "withdraw", "ripreso"
    RETURN = "return", "restituito"
    APPROVE = "approve", "approvato"
    SEND = "send", "inviato"
    EMERGENCY = "emergency", "inviato in emergenza"
    UNDO = "undo", "invio annullato"
    COUNTERSIGN = "countersign", "controfirmato"


# Whoever did this has a hand in the text, and is no second person.
WRITING = (Event.SAVE, Event.SUBMIT)


class Tone(models.TextChoices):
    """A category's colour: the name of the badge that shows it."""

    BLUE = "blue", "blu"
    GREEN = "green", "verde"
    AMBER = "amber", "ambra"
    RED = "red", "rosso"
    GREY = "grey", "grigio"
