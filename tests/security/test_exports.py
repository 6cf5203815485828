"""No export runs anything, with whatever separator a spreadsheet is told to read it."""

import csv
import io
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from reports.models import Office
from subscribers import consent, exports, importing
from subscribers.models import Topic
from tests.factories.reports import ReportFactory
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from tests.spreadsheets import cells_of

pytestmark = pytest.mark.django_db
FORMULAS = [
    "=1+1", "=HYPERLINK(A1)", "=cmd|' /C calc'!A0", "+1+1", "-1+1", "- cmd|' /C calc'!A0", "@SUM(1)",
    "＝1+1", "＋1", "－1", "＠SUM(1)", "﹦1+1", "−1+1",
]  # fmt: skip
BEFORE = [
    "", " ", "\t", "\r", "\n", "x,", "x, ", "x;", "x|", "x\t", "x\n", "x\r\n", "x\v", "x\u2028", "x\x85",
    'x,"', "x,'", 'x;"" ', "x,\u200b", "x,\u00a0", "x:", "x /", "x ", '"', "«", "x,’", "(", "x,-", "x;+",
]  # fmt: skip
PAYLOADS = [f"{before}{formula}{after}" for before in BEFORE for formula in FORMULAS for after in ("", ",")]
SEPARATORS = ";,\t| :/"
# What a careless program may strip or turn into the plain sign before it looks at the first character.
STRIPPED = re.compile(r"[\s\"'\u200b\u00a0]+")


def begins_a_formula(cell: str) -> bool:
    start = unicodedata.normalize("NFKC", STRIPPED.sub("", cell))[:1]
    return start in set("=+-@−") and start != ""


def harmless(cell: str) -> bool:
    """Neither a lone hyphen is a formula, nor a telephone number that lost its `tel:` to a colon."""
    return not begins_a_formula(cell) or cell.strip() == "-" or bool(re.match(r"\+39\d{10};", cell))


def cells(file: str, separator: str) -> list[str]:
    reader = csv.reader(io.StringIO(file, newline=""), delimiter=separator)
    return [cell for row in reader for cell in row]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_no_payload_becomes_a_formula(separator: str) -> None:
    for payload in PAYLOADS:
        file = "".join(exports.csv_file([["1", payload, exports.written(payload, whole=True), "fine"]]))
        assert [cell for cell in cells(file, separator) if not harmless(cell)] == [], repr(payload)


@given(st.text(st.sampled_from("=+-@＝ ,;\t|\n\r\"'x1:/.’«−"), max_size=12) | st.text(max_size=30))
def test_no_text_becomes_a_formula_and_none_is_lost(text: str) -> None:
    file = "".join(exports.csv_file([["1", text, "2"]]))
    for separator in SEPARATORS:
        assert all(map(harmless, cells(file, separator)))
    kept = re.sub(r"[\s/’]", "", exports.safe(text))
    assert kept == re.sub(r"[\s/’\x1c-\x1e]", "", text)


@pytest.mark.parametrize(
    "text",
    [
        "Bar Centrale - Regalbuto", "Anna-Maria", "anna@example.org", "2026-11-30T10:00:00+01:00",
        "tel:+393401112201", "wamid.HBgMMzkzNDAxMTEyMjAxFQIAERgSQUE/+A==", "a=b", "via Roma, 12", "n° 3 / b",
        "Niccolò D’Urso",
    ],
)  # fmt: skip
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert exports.safe(text) == text


@pytest.fixture
def chief(client: Client) -> Client:
    user = User.objects.create_superuser("capo", first_name="x,=1+1,")
    client.force_login(user)
    for number, payload in enumerate(PAYLOADS[::7]):
        contact = ContactFactory(profile_name=payload, phone=f"+39340222{number:04}")
        consent.subscribe(contact, message=InboundMessageFactory(contact=contact, text=payload))
    Topic.objects.filter(slug="eventi").update(slug="eventi", name="x;=1+1")
    office = Office.objects.create(name='x,"=1+1"', email="x@example.org")
    ReportFactory(address="via Roma\n=1+1", office=office)
    source = importing.preview(b"3401112233\n12\n", "x,=1+1.csv", reference="=1+1", signed_on=None, user=user)
    client.report = f"/admin/subscribers/subscriberimport/{source.pk}/rapporto/"  # type: ignore[attr-defined]
    return client


def files(client: Client) -> dict[str, str]:
    """Every CSV that leaves the back office."""
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "subscribers": ("subscribers/subscriber", {"whole": "on"}),
        "of a past day": ("subscribers/subscriber", {"whole": "on", "day": "2026-01-31"}),
        "register": ("subscribers/consentevent", {"whole": "on"}),
        "reports": ("reports/report", {"kind": "csv"}),
    }
    found = {}
    for name, (model, form) in asked.items():
        answer = client.post(f"/admin/{model}/esporta/", {"reason": "prova dei formati", **form})
        found[name] = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    found["import report"] = client.get(client.report).content.decode("utf-8-sig")  # type: ignore[attr-defined]
    return found


def test_every_export_with_every_separator(chief: Client) -> None:
    for name, file in files(chief).items():
        for separator in SEPARATORS:
            assert [cell for cell in cells(file, separator) if not harmless(cell)] == [], (name, separator)
    assert "tel:+393402220000" in files(chief)["subscribers"]


def test_libreoffice_runs_none_of_it(soffice: str, chief: Client, tmp_path: Path) -> None:
    path = tmp_path / "tutto.csv"
    path.write_text("x,=1+1\n")
    assert ("2", True) in cells_of(soffice, path, ",")[0]  # it does run what it takes for a formula
    exported = files(chief)
    path.write_text("".join(exported.values()), encoding="utf-8-sig", newline="")
    for separators in (";", ",", "\t", ";,\t ", "|"):
        for trim in (False, True):
            rows = cells_of(soffice, path, separators, trim=trim)
            assert sum(map(len, rows)) > len(PAYLOADS) // 7
            assert [text for row in rows for text, formula in row if formula] == [], (separators, trim)
