"""The small pure rules: places, working days, courtesies, points; and the selectors over them."""

import random
from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from reports import casework, places, scoring, selectors, texts
from reports.courtesies import Courtesy, recognise
from reports.deadlines import add_working_days, easter, is_working_day
from reports.models import ReplyText
from reports.severity import Assessment
from reports.states import State
from tests.factories.reports import ReportFactory, report_of

# --- Places


@pytest.mark.parametrize(
    ("latitude", "longitude", "inside"),
    [
        (37.653547, 14.639636, True),  # the town hall
        (37.6555, 14.6383, True),
        (37.6569, 14.5210, False),  # Agira
        (37.5700, 14.6900, False),  # Catenanuova
        (0.0, 0.0, False),
        (41.9, 12.5, False),
    ],
)
def test_the_boundary_tells_inside_from_outside(latitude: float, longitude: float, inside: bool) -> None:
    assert places.inside_town(latitude, longitude) is inside


@given(st.integers())
def test_random_points_are_inside(seed: int) -> None:
    latitude, longitude = places.random_point_inside(random.Random(seed))
    assert places.inside_town(latitude, longitude)


@given(st.floats(allow_nan=True), st.floats(allow_nan=True))
def test_any_pair_of_numbers_has_an_answer(latitude: float, longitude: float) -> None:
    if places.inside_town(latitude, longitude):
        assert places.valid(latitude, longitude)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("C'è una buca in via Roma 12", "via Roma 12"),
        ("puzza di gas in via Mazzini 3 venite subito", "via Mazzini 3"),
        ("in via gf ingrassia la strada è rotta", "via gf ingrassia"),
        ("Piazza della Repubblica è sporca", "Piazza della Repubblica"),
        ("contrada Savarino da mesi al buio", "contrada Savarino"),
        ("via 4 novembre n. 7", "via 4 novembre n. 7"),
        ("andate via", ""),
        ("Lampione spento in via Dante 3", "via Dante 3"),
        ("viadotto chiuso, passare da via Roma", "via Roma"),
        ("passo per caso", ""),
        ("", ""),
    ],
)
def test_addresses_are_found_in_texts(text: str, address: str) -> None:
    assert places.find_address(text) == address


@given(st.text(max_size=300))
def test_any_text_has_an_address_or_none(text: str) -> None:
    assert len(places.find_address(text)) <= 80


# --- Working days


@pytest.mark.parametrize(
    ("year", "day"), [(2025, date(2025, 4, 20)), (2026, date(2026, 4, 5)), (2027, date(2027, 3, 28))]
)
def test_easter(year: int, day: date) -> None:
    assert easter(year) == day


@pytest.mark.parametrize(
    "day",
    [date(2026, 8, 11), date(2026, 4, 6), date(2026, 12, 25), date(2026, 8, 15), date(2026, 11, 21)],
    ids=str,
)
def test_holidays_the_patron_and_saturdays_are_free(day: date) -> None:
    assert not is_working_day(day)


def test_working_days_skip_the_feast() -> None:
    assert add_working_days(date(2026, 8, 10), 1) == date(2026, 8, 12)


@given(st.dates(date(2020, 1, 1), date(2040, 1, 1)), st.integers(0, 60))
def test_so_many_working_days_lie_between(start: date, days: int) -> None:
    end = add_working_days(start, days)
    between = [start + timedelta(days=n + 1) for n in range((end - start).days)]
    assert sum(is_working_day(day) for day in between) == days


# --- Courtesies


@pytest.mark.parametrize(
    ("text", "courtesy"),
    [
        ("Buongiorno", Courtesy.GREETING),
        ("Salve!", Courtesy.GREETING),
        ("👋", Courtesy.GREETING),
        ("grazie mille", Courtesy.THANKS),
        ("Ok, perfetto. Grazie!", Courtesy.THANKS),
        ("👍🏻", Courtesy.THANKS),
        ("❤️", Courtesy.THANKS),
        ("", Courtesy.EMPTY),
        ("?!", Courtesy.EMPTY),
        ("Buongiorno, c'è una buca", Courtesy.NONE),
        ("grazie ma la buca c'è ancora", Courtesy.NONE),
        ("🔥", Courtesy.NONE),
        ("السلام عليكم", Courtesy.NONE),
    ],
)
def test_courtesies(text: str, courtesy: Courtesy) -> None:
    assert recognise(text) is courtesy


@given(st.text(max_size=5000))
def test_any_text_is_some_courtesy_or_none(text: str) -> None:
    assert recognise(text) in Courtesy


# --- Points and selectors


@given(
    st.integers(1, 4),
    st.lists(
        st.builds(
            Assessment, st.integers(1, 4), st.just("altro"), st.tuples(st.text()), weight=st.integers(0, 9)
        ),
        max_size=5,
    ),
    st.integers(1, 50),
)
def test_every_point_has_its_reason_and_more_reporters_never_lower_it(
    level: int, said: list[Assessment], reporters: int
) -> None:
    found = scoring.reasons(level, said, None, reporters=reporters)
    assert all(text and points > 0 for text, points in found)
    more = scoring.reasons(level, said, None, reporters=reporters + 1)
    assert 0 <= sum(p for _, p in more) - sum(p for _, p in found) <= scoring.PER_REPORTER


@pytest.mark.django_db
def test_who_waits_and_what_is_late() -> None:
    user = User.objects.create_user("lucia")
    routine, danger, taken = (
        report_of("Vorrei il sindaco"),
        report_of("Incendio in via Roma"),
        report_of("Topi"),
    )
    casework.take_charge(taken, user)
    late = ReportFactory(due_on=timezone.localdate() - timedelta(days=3), state=State.WORKING)
    assert list(selectors.waiting()) == [danger, routine]
    assert list(selectors.overdue()) == [late]
    counts = selectors.counts_by_state()
    assert (counts[State.RECEIVED], counts[State.TAKEN], counts[State.RESOLVED]) == (2, 1, 0)
    assert set(counts) == set(State)


# --- Texts


@pytest.mark.django_db
def test_every_text_has_a_row_the_staff_can_edit() -> None:
    assert set(ReplyText.objects.values_list("slug", flat=True)) == set(texts.DEFAULTS)


@pytest.mark.django_db
def test_an_edited_text_is_what_citizens_get_and_wrong_braces_are_harmless() -> None:
    ReplyText.objects.filter(slug="received").update(body="N. {numero} {boh} { {domanda}")
    report = report_of("Buca in via Roma 3")
    said = report.contact.messages.get(inbound=False).text
    assert said.startswith(f"N. {report.number} {{boh}} {{ ")
