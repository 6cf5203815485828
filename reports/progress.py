"""How far a case is, in plain words, for the citizen."""

from dataclasses import dataclass
from datetime import datetime

from reports import states
from reports.models import Report
from reports.states import State

EXPLANATIONS = {
    State.RECEIVED: "L'abbiamo ricevuta. Una persona del Comune la leggerà e deciderà che cosa fare.",
    State.VERIFYING: "Una persona del Comune sta verificando come stanno le cose.",
    State.TAKEN: "Una persona del Comune se ne sta occupando.",
    State.WORKING: "Il lavoro è iniziato.",
    State.RESOLVED: "Per noi il problema è risolto. Se c'è ancora, rispondi al nostro messaggio su WhatsApp.",
    State.NOT_OURS: "Il problema non dipende dal Comune. Su WhatsApp ti abbiamo detto chi se ne occupa.",
    State.REJECTED: "Non possiamo darle seguito. Su WhatsApp ti abbiamo scritto il motivo.",
    State.DUPLICATE: "Il problema ci era già stato segnalato: questa è unita a quella segnalazione.",
    State.CANCELLED: "È stata annullata.",
    State.REOPENED: "L'abbiamo riaperta e la guardiamo di nuovo.",
}
BADGES = {
    State.RECEIVED: "amber",
    State.REOPENED: "amber",
    State.VERIFYING: "blue",
    State.TAKEN: "blue",
    State.WORKING: "blue",
    State.RESOLVED: "green",
}


@dataclass(frozen=True)
class Step:
    """One step of the way; `at` is None where it has not come yet."""

    label: str
    at: datetime | None


def badge(report: Report) -> str:
    """The colour of its state."""
    return BADGES.get(State(report.state), "grey")


def steps(report: Report) -> list[Step]:
    """Received, taken in charge, at work, ended: with the day of each, the latest if it came twice.

    Of a case joined to another, from the joining on, the other's: without saying whose.
    """
    told = report.duplicate_of or report
    cases = dict.fromkeys([report, told])  # one, if it is its own
    reached = {event.to_state: event.at for one in cases for event in one.events.exclude(to_state="")}
    end = None if states.is_open(told.state) else told.closed_at
    outcome = "Chiusa" if end is None else f"Chiusa: {told.get_state_display()}"
    way = [Step("Ricevuta", report.opened_at)]
    if State.REOPENED in reached:
        way.append(Step("Riaperta", reached[State.REOPENED]))
    if State.VERIFYING in reached:
        way.append(Step("In verifica", reached[State.VERIFYING]))
    way.append(Step("Presa in carico", reached.get(State.TAKEN)))
    way.append(Step("In lavorazione", reached.get(State.WORKING)))
    return [*way, Step(outcome, end)]
