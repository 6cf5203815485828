"""Answers after the 24-hour window has closed: only an approved template may go (fact sheet 5.1)."""

from dataclasses import dataclass

from reports.models import Report
from whatsapp import contents, templates
from whatsapp.errors import ContentError
from whatsapp.models import Content, Template

# Installed by the last migration: {{1}} the case's number, {{2}} what the staff write.
NAME = "aggiornamento_segnalazione"


@dataclass(frozen=True)
class Frame:
    """What stands around the staff's words; `room` is how many characters they may have."""

    before: str
    after: str
    footer: str
    buttons: list[str]
    room: int


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


def frame(report: Report) -> Frame:
    """How the citizen will read what staff write. Raises ContentError: no approved template."""
    found = template()
    mark = "\N{OBJECT REPLACEMENT CHARACTER}"
    before, _, after = templates.render(found, [report.number, mark]).partition(mark)
    room = templates.room_for(found, [report.number, ""])
    return Frame(before, after, found.footer, [button["text"] for button in found.buttons], room)


def make_content(report: Report, text: str) -> Content:
    """What goes to the citizen, with a button to the case's own page. Raises ContentError: no approved
    template, empty or too long a text."""
    link = [("url", f"{report.token}/")]
    words = [report.number, templates.clean_parameter(text)]
    return contents.from_template(template(), words, button_parameters=link)
