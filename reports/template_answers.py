"""Answers after the 24-hour window has closed: only an approved template may go (fact sheet 5.1)."""

from reports.models import Report
from whatsapp import contents, templates
from whatsapp.errors import ContentError
from whatsapp.models import Content, Template

# Installed by the migration `answer_by_template`: {{1}} the case's number, {{2}} what the staff write.
NAME = "aggiornamento_segnalazione"


def template() -> Template:
    """The template, approved. Raises ContentError: it is not, and what can be done instead."""
    found = Template.objects.filter(name=NAME).first()
    if found and found.status == Template.Status.APPROVED:
        return found
    state = f" ({found.get_status_display()})" if found else ""
    raise ContentError(
        f"Il modello «{NAME}» non è ancora approvato da WhatsApp{state}. Aspetta che lo sia, oppure che il "
        "cittadino scriva di nuovo."
    )


def preview(report: Report, text: str) -> str:
    """The body as the citizen will read it.

    Raises:
        ContentError: no approved template, empty or too long a text.
    """
    found = template()
    parameters = _parameters(report, text)
    templates.check(found, parameters)
    return templates.render(found, parameters)


def room(report: Report) -> int:
    """How many characters the staff may write. Raises ContentError: no approved template."""
    return templates.room_for(template(), _parameters(report, ""))


def make_content(report: Report, text: str) -> Content:
    """What goes to the citizen, with a button to the case's own page. Raises ContentError: see `preview`."""
    link = [("url", f"{report.token}/")]
    return contents.from_template(template(), _parameters(report, text), button_parameters=link)


def _parameters(report: Report, text: str) -> list[str]:
    return [report.number, templates.clean_parameter(text)]
