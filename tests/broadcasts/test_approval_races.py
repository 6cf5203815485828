"""Two people at the same moment, each with a connection of their own: one effect, and a word to the other."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from broadcasts import approval, composing, sending
from broadcasts.errors import NotAllowed
from broadcasts.models import Broadcast
from broadcasts.types import State
from tests.factories.broadcasts import BroadcastFactory, UserFactory
from whatsapp.models import Call, Message

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
ROUNDS = 8


def together(*deeds: Callable[[], Any]) -> list[Any]:
    """What each returned, or the refusal it got."""
    start = Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> Any:
        try:
            start.wait(10)
            return deed()
        except NotAllowed as error:
            return str(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


@pytest.fixture
def submitted(approved: None, people: Any) -> Callable[[], Broadcast]:
    def make() -> Broadcast:
        notice = BroadcastFactory(approval=True, slug="allerta-meteo")
        return approval.submit(notice, notice.author)

    return make


def test_two_approvers(submitted: Callable[[], Broadcast]) -> None:
    first, second = UserFactory(), UserFactory()
    for _ in range(ROUNDS):
        notice = submitted()
        digest = composing.digest(notice)
        told = together(
            lambda notice=notice, digest=digest: sending.hold(notice, first, digest=digest),
            lambda notice=notice, digest=digest: sending.hold(notice, second, digest=digest),
        )
        [refused] = [answer for answer in told if isinstance(answer, str)]
        assert "già in partenza" in refused
        notice.refresh_from_db()
        assert notice.versions.filter(event="approve").count() == 1
        approver = notice.versions.get(event="approve").by
        assert notice.approved_by == notice.sent_by == approver
        assert Call.objects.get(key=f"notice-{notice.pk}").taken_by == approver


def test_one_approves_while_another_returns_it(submitted: Callable[[], Broadcast]) -> None:
    first, second = UserFactory(), UserFactory()
    for _ in range(ROUNDS):
        notice = submitted()
        told = together(
            lambda notice=notice: sending.hold(notice, first),
            lambda notice=notice: approval.send_back(notice, second, "Manca l'ora."),
        )
        assert sum(isinstance(answer, str) for answer in told) == 1
        notice.refresh_from_db()
        assert (notice.state, notice.approved_by) in {(State.HOLDING, first), (State.RETURNED, None)}


def test_one_approves_while_the_author_changes_it(submitted: Callable[[], Broadcast]) -> None:
    """The author takes it back, changes it through the form, and asks again, all at that moment."""
    approver = UserFactory()
    for _ in range(ROUNDS):
        notice = submitted()
        before, digest = notice.text, composing.digest(notice)
        author = notice.author
        author.user_permissions.set(
            UserFactory(can=["change_broadcast", "view_broadcast"]).user_permissions.all()
        )

        def rewrite(notice: Broadcast = notice, author: Any = author) -> None:
            client = Client()
            client.force_login(author)
            approval.withdraw(notice, author)
            typed = {"category": notice.category_id, "title": notice.title, "text": "Altro.", "_save": ""}
            address = f"/admin/broadcasts/broadcast/{notice.pk}/change/"
            client.post(address, {**typed, "attachment": "none"})
            approval.submit(notice, author)

        together(rewrite, lambda notice=notice, digest=digest: sending.hold(notice, approver, digest=digest))
        notice.refresh_from_db()
        if notice.approved_by:
            assert (notice.state, notice.text) == (State.HOLDING, before)
        else:
            assert (notice.state, notice.text) == (State.SUBMITTED, "Altro.")
    assert Message.objects.filter(lane="alert").count() == 0
