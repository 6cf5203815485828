"""What citizens are told. The defaults are `data/texts.toml`; the staff edit the rows (`ReplyText`)."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.urls import reverse

from reports.models import ReplyText, Report


@dataclass(frozen=True)
class Default:
    """A text's purpose, for the staff, and its words. `{numero}`, `{link}` … are filled in."""

    purpose: str
    body: str


_EMPTY_LINES = re.compile(r"(?<! ) *+\n{2,}")
_TABLE = tomllib.loads((Path(__file__).parent / "data" / "texts.toml").read_text(encoding="utf-8"))
DEFAULTS = {slug: Default(**row) for slug, row in _TABLE["defaults"].items()}
CANNED: dict[str, str] = _TABLE["canned"]  # ready answers to begin with: title -> words


def fill(slug: str, report: Report | None = None, **values: str) -> str:
    """The text of a slug with its names filled in; a brace the staff wrote by mistake stays as it is."""
    body = ReplyText.objects.filter(slug=slug).values_list("body", flat=True).first()
    return _filled(body or DEFAULTS[slug].body, {**_about(report), **values})


def prefilled(report: Report, slugs: list[str], **values: str) -> dict[str, str]:
    """Several texts at once, for the forms of a case: one query."""
    bodies = dict(ReplyText.objects.filter(slug__in=slugs).values_list("slug", "body"))
    names = {**_about(report), **values}
    return {slug: _filled(bodies.get(slug) or DEFAULTS[slug].body, names) for slug in slugs}


def filled(body: str, report: Report) -> str:
    """A ready answer with the case's names filled in."""
    return _filled(body, _about(report))


def _filled(body: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        body = body.replace(f"{{{name}}}", value)
    # An empty name leaves an empty line behind.
    return _EMPTY_LINES.sub("\n\n", body).strip()


def _about(report: Report | None) -> dict[str, str]:
    if report is None:
        return {}
    return {
        "numero": report.number,
        "stato": (report.duplicate_of or report).get_state_display(),
        "link": link(report),
        # Until it is handed over, a case of an outside body is in our hands.
        "ufficio": report.office.name
        if report.office and not report.office.external
        else "Ufficio Segreteria",
        "scadenza": f"{report.due_on:%d/%m/%Y}" if report.due_on else "tempo previsto",
    }


def link(report: Report) -> str:
    """The citizen's private page, as an absolute address."""
    return f"{settings.SITE_URL}{reverse('reports:case', args=[report.token])}"
