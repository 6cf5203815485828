"""The register alone tells who is subscribed: folded, it is what the tables say, whatever happened."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from subscribers import consent, history, verifying
from subscribers.models import Subscriber, Topic
from tests.factories.whatsapp import ContactFactory
from whatsapp import merging
from whatsapp.models import Contact

pytestmark = pytest.mark.django_db
PEOPLE = st.integers(0, 3)
ACTS = st.sampled_from(["on", "off", "topic_off", "topic_on", "merge"])
STEPS = st.lists(st.tuples(ACTS, PEOPLE, PEOPLE, st.booleans()), max_size=14)


def in_the_tables() -> dict[str, tuple[bool, frozenset[str]]]:
    rows = Subscriber.objects.select_related("contact").prefetch_related("left_topics__topic")
    return {
        str(row.contact.subject_id): (
            row.state == Subscriber.State.ACTIVE,
            frozenset(left.topic.slug for left in row.left_topics.all()),
        )
        for row in rows
    }


def in_the_register() -> dict[str, tuple[bool, frozenset[str]]]:
    return {
        str(one.subject_id): (one.active, frozenset(one.left_topics))
        for one in history.at(timezone.now() + timedelta(days=1))
    }


@settings(max_examples=40)
@given(STEPS)
def test_the_register_folded_is_the_list(steps: list[tuple[str, int, int, bool]]) -> None:
    with transaction.atomic():
        people = [ContactFactory() for _ in range(4)]
        topic, at = Topic.objects.get(slug="eventi"), timezone.now() - timedelta(days=1)
        for number, (step, one, other, certain) in enumerate(steps):
            now = at + timedelta(minutes=number)
            person = Contact.objects.get(pk=people[one].pk).person
            if step == "on":
                consent.subscribe(person, at=now)
            elif step == "off":
                consent.leave(person, at=now)
            elif step == "merge":
                second = Contact.objects.get(pk=people[other].pk).person
                if second != person:
                    merging.merge(person, second, certain=certain)
            else:
                (consent.leave_topic if step == "topic_off" else consent.keep_topic)(person, topic, at=now)
        active = {key: told for key, told in in_the_register().items() if told[0]}
        assert active == {key: told for key, told in in_the_tables().items() if told[0]}
        assert verifying.verify()[1] == ""
        transaction.set_rollback(True)
