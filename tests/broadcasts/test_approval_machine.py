"""Several people, a few notices, whatever they may click in any order: what goes is what was answered for."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from broadcasts import approval, chains, composing, lifecycle, sending, tasks, versions
from broadcasts.approval import Emergency
from broadcasts.errors import NotAllowed
from broadcasts.models import Broadcast, Category
from broadcasts.types import LEAVING, WRITABLE, AlertLevel, Sequel, State
from tests.factories.broadcasts import SubscribedContactFactory, UserFactory
from whatsapp.errors import ContentError
from whatsapp.models import Message, Template
from whatsapp.types import State as MessageState

NAMES = ("anna", "bruno", "carla")
SLUGS = ("viabilita", "eventi", "allerta-meteo")
TEXTS = ("Dalle 8.", "Dalle 9.", "Dalle 8.\n\nFino alle 14.")
users, notices = st.sampled_from(NAMES), st.integers(0, 2)
Said = tuple[str, str, str, str]


def said(notice: Broadcast) -> Said:
    """Written here again, not asked of the code under test: what people would get of it, and who."""
    return notice.title, notice.text, notice.category.slug, f"{notice.sequel}{notice.follows_id or ''}"


class Office(RuleBasedStateMachine):
    """`answered`: what the last person who confirmed a notice had before them, and as whom they did so."""

    @initialize()
    def open(self) -> None:
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        Template.objects.update(status=Template.Status.APPROVED)
        Category.objects.update(approval=True)
        Category.objects.filter(slug="eventi").update(approval=False)
        SubscribedContactFactory.create_batch(2)
        self.users: dict[str, User] = {name: UserFactory() for name in NAMES}
        self.pks: list[int] = []
        self.writers: dict[int, set[str]] = {}
        self.seen: dict[tuple[str, int], str] = {}
        self.answered: dict[int, tuple[Said, str, str]] = {}
        for name, slug in zip(NAMES, SLUGS, strict=True):
            self.write(name, slug)

    def teardown(self) -> None:
        if hasattr(self, "transaction"):
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    def notice(self, number: int, *states: str) -> Broadcast | None:
        """One of those in these states; of all, if it does not matter."""
        found = Broadcast.objects.select_related("category", "follows").filter(pk__in=self.pks).order_by("pk")
        notices = list(found.filter(state__in=states) if states else found)
        return notices[number % len(notices)] if notices else None

    def attempt(self, deed: Callable[[], Any]) -> Any:
        """None: refused, and nothing has happened."""
        try:
            with transaction.atomic():
                return deed()
        except (NotAllowed, ContentError):
            return None

    def confirm(self, name: str, notice: Broadcast, go: Callable[[str], Any], how: str = "") -> None:
        """With what this person saw, which may be old."""
        digest = self.seen.get((name, notice.pk), "")
        submitted = notice.state == State.SUBMITTED
        if self.attempt(lambda: go(digest)):
            second = submitted and name not in self.writers[notice.pk]
            assert how or second or not notice.category.approval
            self.answered[notice.pk] = (said(notice), name, how or ("second" if second else "alone"))

    # --- Writing ---------------------------------------------------------------------------------

    def write(self, name: str, slug: str) -> None:
        category, author = Category.objects.get(slug=slug), self.users[name]
        notice = Broadcast.objects.create(category=category, title="Via Roma", text=TEXTS[0], author=author)
        versions.keep(notice, author)
        self.pks.append(notice.pk)
        self.writers[notice.pk] = {name}

    @rule(name=users, number=notices, text=st.sampled_from(TEXTS))
    def edit(self, name: str, number: int, text: str) -> None:
        if notice := self.notice(number, *WRITABLE):
            notice.text = text
            notice.save()
            if notice.versions.last().said["Testo"] != text:
                self.writers[notice.pk].add(name)
            versions.keep(notice, self.users[name])

    @rule(number=notices, text=st.sampled_from(TEXTS))
    def change_behind_everybodys_back(self, number: int, text: str) -> None:
        """A shell, a bug: nothing the application would do."""
        notice = self.notice(number)
        if notice and not notice.started_at:
            Broadcast.objects.filter(pk=notice.pk).update(text=text)

    @rule(slug=st.sampled_from(SLUGS), approval_needed=st.booleans(), hours=st.sampled_from([12, 48]))
    def change_category(self, slug: str, approval_needed: bool, hours: int) -> None:
        Category.objects.filter(slug=slug).update(approval=approval_needed, expiry_hours=hours)

    @rule(name=users, number=notices)
    def look(self, name: str, number: int) -> None:
        if notice := self.notice(number):
            self.seen[name, notice.pk] = composing.digest(notice)

    # --- Asking and answering --------------------------------------------------------------------

    @rule(name=users, number=notices)
    def submit(self, name: str, number: int) -> None:
        notice = self.notice(number, *WRITABLE)
        if notice and self.attempt(lambda: approval.submit(notice, self.users[name])):
            self.writers[notice.pk].add(name)

    @rule(name=users, number=notices)
    def withdraw(self, name: str, number: int) -> None:
        if notice := self.notice(number, State.SUBMITTED):
            self.attempt(lambda: approval.withdraw(notice, self.users[name]))

    @rule(name=users, number=notices)
    def send_back(self, name: str, number: int) -> None:
        if notice := self.notice(number, State.SUBMITTED):
            self.attempt(lambda: approval.send_back(notice, self.users[name], "Manca l'ora."))

    @rule(name=users, number=notices)
    def hold(self, name: str, number: int) -> None:
        if notice := self.notice(number):
            user = self.users[name]
            self.confirm(name, notice, lambda digest: sending.hold(notice, user, digest=digest))

    @rule(name=users, number=notices)
    def look_and_hold(self, name: str, number: int) -> None:
        if notice := self.notice(number, State.SUBMITTED, State.DRAFT):
            self.seen[name, notice.pk] = composing.digest(notice)
            user = self.users[name]
            self.confirm(name, notice, lambda digest: sending.hold(notice, user, digest=digest))

    @rule(number=notices)
    def do_it_properly(self, number: int) -> None:
        """So that the random walk gets past the approval often enough."""
        notice = self.notice(number, *WRITABLE)
        others = [name for name in NAMES if notice and name not in self.writers[notice.pk]]
        if notice and others and self.attempt(lambda: approval.submit(notice, notice.author)):
            notice.refresh_from_db()
            self.confirm(others[0], notice, lambda digest: sending.hold(notice, self.users[others[0]]))

    @rule(name=users, number=notices)
    def send(self, name: str, number: int) -> None:
        if notice := self.notice(number):
            user = self.users[name]
            self.confirm(name, notice, lambda digest: sending.send(notice, user, digest=digest))

    @rule(name=users, number=notices)
    def schedule(self, name: str, number: int) -> None:
        if notice := self.notice(number):
            user, at = self.users[name], timezone.now() + timedelta(days=1)
            self.confirm(name, notice, lambda digest: sending.schedule_for(notice, user, at, digest=digest))

    @rule(name=users, number=notices)
    def break_the_glass(self, name: str, number: int) -> None:
        if notice := self.notice(number, *WRITABLE, State.SUBMITTED):
            user, why = self.users[name], Emergency(AlertLevel.RED, "Piena.")
            self.seen[name, notice.pk] = composing.digest(notice)
            self.confirm(
                name, notice, lambda digest: sending.hold(notice, user, digest=digest, emergency=why), "glass"
            )

    @rule(name=users, number=notices)
    def countersign(self, name: str, number: int) -> None:
        notice = self.notice(number)
        if notice and self.attempt(lambda: approval.countersign(notice, self.users[name])):
            assert self.answered[notice.pk][1:] != (name, "glass")
            assert name not in self.writers[notice.pk]

    @rule(name=users, number=notices, step=st.sampled_from(["submit", "withdraw", "undo", "stop"]))
    def press_what_is_not_there(self, name: str, number: int, step: str) -> None:
        """A stale tab: the button of another state."""
        deeds = {
            "submit": approval.submit,
            "withdraw": approval.withdraw,
            "undo": sending.undo,
            "stop": sending.stop,
        }
        notice = self.notice(number)
        if notice and not lifecycle.can(notice, lifecycle.Step(step)):
            assert self.attempt(lambda: deeds[step](notice, self.users[name])) is None

    # --- Time ------------------------------------------------------------------------------------

    @rule(name=users, number=notices)
    def undo(self, name: str, number: int) -> None:
        notice = self.notice(number, *LEAVING)
        if notice and self.attempt(lambda: sending.undo(notice, self.users[name])):
            del self.answered[notice.pk]

    @rule(number=notices)
    def time_passes(self, number: int) -> None:
        if notice := self.notice(number, *LEAVING):
            Broadcast.objects.filter(pk=notice.pk).update(leaves_at=timezone.now())
            tasks.leave(notice.pk)
            tasks.sweep()
            notice.refresh_from_db()
            alone = self.answered[notice.pk][2] == "alone"
            assert notice.state in (State.SENDING, State.DRAFT)
            assert notice.state == State.DRAFT or not (alone and notice.category.approval)
            if notice.state == State.DRAFT:
                del self.answered[notice.pk]

    @rule(number=notices, text=st.sampled_from(TEXTS))
    def something_changes_before_it_leaves(self, number: int, text: str) -> None:
        if notice := self.notice(number, *LEAVING):
            Broadcast.objects.filter(pk=notice.pk).update(text=text)
            self.time_passes(number)

    @rule(number=notices)
    def the_rule_changes_before_it_leaves(self, number: int) -> None:
        if notice := self.notice(number, *LEAVING):
            self.change_category(
                notice.category.slug, approval_needed=True, hours=notice.category.expiry_hours
            )
            self.time_passes(number)

    @rule(state=st.sampled_from([MessageState.READ, MessageState.FAILED, MessageState.UNCERTAIN]))
    def messages_arrive(self, state: MessageState) -> None:
        Message.objects.filter(state=MessageState.QUEUED, lane__in=["bulk", "alert"]).update(state=state)
        tasks.sweep()

    @rule(name=users, number=notices)
    def stop(self, name: str, number: int) -> None:
        if notice := self.notice(number, State.SENDING):
            self.attempt(lambda: sending.stop(notice, self.users[name]))

    @rule(name=users, number=notices, sequel=st.sampled_from(Sequel))
    def follow(self, name: str, number: int, sequel: Sequel) -> None:
        notice = self.notice(number, State.SENDING, State.COMPLETED, State.STOPPED)
        draft = notice and self.attempt(lambda: chains.begin(notice, sequel, self.users[name]))
        if draft and draft.pk not in self.pks:
            self.pks.append(draft.pk)
            self.writers[draft.pk] = {name}

    # --- What must always be true ----------------------------------------------------------------

    @invariant()
    def what_goes_was_answered_for(self) -> None:
        for notice in Broadcast.objects.filter(content__isnull=False).select_related("category", "follows"):
            what, name, how = self.answered[notice.pk]
            assert what == said(notice)
            assert notice.content
            assert notice.content.parameters == [notice.title, " ".join(notice.text.split())]
            assert (how == "second") == (notice.approved_by is not None)
            assert (how == "glass") == bool(notice.alert_level)
            if how == "second":
                assert name not in self.writers[notice.pk]
                assert notice.approved_by == self.users[name]
            if how == "glass":
                assert notice.category.is_alert

    @invariant()
    def one_alone_is_enough_only_where_it_is_said(self) -> None:
        alone = Broadcast.objects.filter(started_at__isnull=False, approved_by=None, alert_level="")
        assert not alone.exclude(versions__event="send").exists()

    @invariant()
    def nobody_gets_it_twice_and_a_correction_only_who_had_the_error(self) -> None:
        lists: dict[int, set[int]] = {}
        for notice in Broadcast.objects.filter(content__isnull=False):
            people = Counter(Message.objects.filter(content=notice.content).values_list("contact", flat=True))
            assert set(people.values()) <= {1}
            lists[notice.pk] = set(people)
        for notice in Broadcast.objects.filter(content__isnull=False, sequel__in=["correction", "end"]):
            assert lists[notice.pk] <= lists[notice.follows_id or 0]

    @invariant()
    def nothing_else_is_queued(self) -> None:
        queued = Message.objects.filter(lane__in=["bulk", "alert"])
        assert not queued.exclude(content__broadcast__isnull=False).exists()

    @invariant()
    def what_waits_is_answered_for_by_nobody(self) -> None:
        waiting = Broadcast.objects.filter(state__in=[*WRITABLE, State.SUBMITTED])
        assert not waiting.exclude(approved_by=None, confirmed="", sent_by=None, alert_level="").exists()


@pytest.mark.django_db
@pytest.mark.timeout(600)
def test_whatever_they_click(monkeypatch: pytest.MonkeyPatch) -> None:
    went = Counter[lifecycle.Step]()
    real = lifecycle.move

    def counted(notice: Broadcast, step: lifecycle.Step) -> None:
        real(notice, step)
        went[step] += 1

    monkeypatch.setattr(lifecycle, "move", counted)
    run_state_machine_as_test(Office, settings=settings(max_examples=50, stateful_step_count=30))
    wanted = {lifecycle.Step.SUBMIT, lifecycle.Step.HOLD, lifecycle.Step.LEAVE}
    assert wanted <= went.keys()  # it is no walk on the spot
