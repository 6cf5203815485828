"""Where citizens' messages come in: first who ends a report, then, last of all, whatever nobody else took."""

import re

from reports import answering, assembling, bursts, closing
from reports.models import Report
from whatsapp.models import Message
from whatsapp.types import Kind

_TAP = re.compile(r"report:(\d{1,18}):(?:(end|unsolved)|(kind):([a-z-]+)|(rate):([1-5]))")


def finish(message: Message) -> bool:
    """«Basta così», said or tapped while somebody tells us of a problem, ends the report and nothing else."""
    if message.contact.blocked:
        return False
    report, what, _ = _tapped(message)
    if report is None and message.content.kind == Kind.TEXT and bursts.ends(message.text):
        at = assembling.written_at(message)
        case = bursts.told_at(at, assembling.open_cases(message.contact))
        report, what = (Report.objects.get(pk=case.id), "end") if case else (None, "")
    if report is None or what != "end":
        return False
    if report.ended_at is None:
        assembling.finish(report, message)
    return True


def handle(message: Message) -> bool:
    """Make the message part of a case, or answer it; always True: nobody comes after us.

    Who was blocked is heard no more, but for an OFF, which `subscribers` has taken before.
    """
    if message.contact.blocked:
        return True
    answering.tell_owed(message.contact)
    report, what, value = _tapped(message)
    if report is None:
        assembling.receive(message)
    elif what == "kind":
        assembling.choose(report, message)
    elif what == "rate":
        closing.rate(report, int(value))
    else:
        closing.contest(report)
    return True


def _tapped(message: Message) -> tuple[Report | None, str, str]:
    """The person's own case whose button was tapped, which, and its value."""
    if message.content.kind != Kind.BUTTON_REPLY or not (found := _TAP.fullmatch(message.content.payload)):
        return None, "", ""
    mine = Report.objects.filter(contact__in=message.contact.rows())
    report = mine.filter(pk=int(found[1])).first()
    return report, found[2] or found[3] or found[5], found[4] or found[6] or ""
