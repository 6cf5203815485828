"""The words of notices."""

from django.db import models


class State(models.TextChoices):
    """The life of a notice; who may go where is the table in `lifecycle`."""

    DRAFT = "draft", "bozza"
    SCHEDULED = "scheduled", "programmato"
    HOLDING = "holding", "in partenza"
    SENDING = "sending", "in invio"
    PAUSED = "paused", "in pausa"
    COMPLETED = "completed", "concluso"
    STOPPED = "stopped", "fermato"


# They have a time at which they leave; nothing has been said to anybody yet.
LEAVING = (State.SCHEDULED, State.HOLDING)
UNSENT = (State.DRAFT, *LEAVING)
OVER = (State.COMPLETED, State.STOPPED)

TONES: dict[str, str] = {
    State.DRAFT: "grey",
    State.SCHEDULED: "amber",
    State.HOLDING: "amber",
    State.SENDING: "blue",
    State.PAUSED: "amber",
    State.COMPLETED: "green",
    State.STOPPED: "red",
}


class Tone(models.TextChoices):
    """A category's colour: the name of the badge that shows it."""

    BLUE = "blue", "blu"
    GREEN = "green", "verde"
    AMBER = "amber", "ambra"
    RED = "red", "rosso"
    GREY = "grey", "grigio"
