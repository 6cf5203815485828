"""The compiled wording is what the readable one says: compiling needs a program a bare machine lacks."""

import ast
import gettext
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import gettext as _

FOLDER = Path(settings.LOCALE_PATHS[0]) / "it" / "LC_MESSAGES"


def read_po(path: Path) -> dict[str | tuple[str, int], str]:
    """The entries of a .po file, keyed as gettext keys its catalogue; plurals by (singular, form)."""
    entries: dict[str | tuple[str, int], str] = {}
    singular = plural = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        keyword, _space, quoted = line.partition(" ")
        if keyword == "msgid":
            singular, plural = ast.literal_eval(quoted), ""
        elif keyword == "msgid_plural":
            plural = ast.literal_eval(quoted)
        elif keyword.startswith("msgstr") and singular:
            entries[(singular, int(keyword[7])) if plural else singular] = ast.literal_eval(quoted)
    return entries


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_compiled_wording_is_up_to_date(domain: str) -> None:
    written = read_po(FOLDER / f"{domain}.po")
    with (FOLDER / f"{domain}.mo").open("rb") as file:
        compiled = dict(gettext.GNUTranslations(file)._catalog)  # type: ignore[attr-defined]
    compiled.pop("")
    assert written
    assert compiled == written


def test_our_wording_wins() -> None:
    assert _("Log out") == "Esci"
    assert _("Log in") == "Accedi"
