"""The citizen's private page."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from reports import casework
from reports.states import OUTCOMES, State
from tests.factories.reports import report_of
from tests.factories.whatsapp import ContactFactory

pytestmark = pytest.mark.django_db


def test_it_shows_the_progress_and_nothing_of_the_person(client: Client) -> None:
    contact = ContactFactory(reachable=True, profile_name="Rosaria Bellomo")
    report = report_of("Buca in via Segretissima 3", contact=contact)
    user = User.objects.create_user("lucia", first_name="Lucia")
    casework.take_charge(report, user, "Parole riservate")
    response = client.get(f"/segnalazioni/{report.token}/")
    html = response.content.decode()
    assert report.number in html
    assert "presa in carico" in html
    for private in ("Bellomo", str(contact.phone), "Segretissima", "Parole riservate", "Lucia"):
        assert private not in html
    assert "noindex" in response["X-Robots-Tag"]
    assert 'content="noindex' in html
    assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_plain_words(client: Client, state: State) -> None:
    report = report_of("Buca in via Roma 3")
    if state == State.DUPLICATE:
        casework.join(report, User.objects.create_user("s"), report_of("Buca in via Roma 5"), "Già nota")
        state = State.RECEIVED  # what the other one is
    elif state in OUTCOMES:
        casework.close(report, User.objects.create_user("s"), state, "Ecco")
    else:
        type(report).objects.filter(pk=report.pk).update(state=state)
    assert state.label in client.get(f"/segnalazioni/{report.token}/").content.decode()


@pytest.mark.parametrize("token", ["x", "1", "2026-0001", "a" * 32, "<b>"])
def test_an_unknown_token_is_not_found(client: Client, token: str) -> None:
    report_of("Buca in via Roma 3")
    assert client.get(f"/segnalazioni/{token}/").status_code == 404


def test_a_token_with_nul_is_refused(client: Client) -> None:
    assert client.get("/segnalazioni/%00/").status_code == 400


def test_tokens_are_long_and_differ() -> None:
    tokens = {report_of("Buca").token for _ in range(5)}
    assert len(tokens) == 5
    assert all(len(token) >= 32 for token in tokens)
