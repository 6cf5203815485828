from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from broadcasts import approval, versions
from broadcasts.models import Broadcast, Version
from broadcasts.types import Event
from tests.factories.broadcasts import BroadcastFactory, UserFactory

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=60)


def change(notice: Broadcast, user: Any, text: str) -> None:
    notice.text = text
    notice.save()
    versions.keep(notice, user)


@pytest.mark.django_db
def test_one_persons_saves_in_a_row_are_one_line_another_persons_are_their_own() -> None:
    anna, bruno, notice = UserFactory(), UserFactory(), BroadcastFactory()
    for text in ("Dalle 8.", "Dalle 8 alle 14.", "Dalle 8 alle 14."):
        change(notice, anna, text)
    change(notice, bruno, "Dalle 9 alle 14.")
    change(notice, anna, "Dalle 9 alle 15.")
    found = [(version.by, version.said["Testo"]) for version in notice.versions.all()]
    assert found == [(anna, "Dalle 8 alle 14."), (bruno, "Dalle 9 alle 14."), (anna, "Dalle 9 alle 15.")]
    assert [version.number for version in notice.versions.all()] == [1, 2, 3]


@pytest.mark.django_db
def test_after_a_pause_it_is_another_line() -> None:
    anna, notice = UserFactory(), BroadcastFactory()
    change(notice, anna, "Dalle 8.")
    Version.objects.update(at=timezone.now() - timedelta(hours=1))
    change(notice, anna, "Dalle 9.")
    assert notice.versions.count() == 2


@pytest.mark.django_db
def test_what_was_shown_to_somebody_is_never_overwritten(approved: None, people: Any) -> None:
    anna, bruno, notice = UserFactory(), UserFactory(), BroadcastFactory()
    change(notice, anna, "Dalle 8.")
    approval.submit(notice, anna)
    assert versions.since_last_shown(notice) == []
    approval.send_back(notice, bruno, "Fino a quando?")
    notice.refresh_from_db()
    change(notice, anna, "Dalle 8 alle 14.")
    approval.submit(notice, anna)
    found = [(v.event, v.said["Testo"], v.note) for v in notice.versions.all()]
    assert found == [
        (Event.SAVE, "Dalle 8.", ""),
        (Event.SUBMIT, "Dalle 8.", ""),
        (Event.RETURN, "Dalle 8.", "Fino a quando?"),
        (Event.SAVE, "Dalle 8 alle 14.", ""),
        (Event.SUBMIT, "Dalle 8 alle 14.", ""),
    ]
    [difference] = versions.since_last_shown(notice)
    assert difference.label == "Testo"
    assert difference.pieces == [
        ("equal", "Dalle "),
        ("delete", "8."),
        ("insert", "8 alle 14."),
    ]
    newest = versions.history(notice)[1]
    assert (newest.version.event, [c.label for c in newest.changes]) == (Event.SAVE, ["Testo"])


@given(texts, texts)
def test_the_pieces_are_the_two_texts(old: str, new: str) -> None:
    changes = versions.differences({"Testo": old}, {"Testo": new})
    assert bool(changes) == (old != new)
    for found in changes:
        assert "".join(words for kind, words in found.pieces if kind != "insert") == old
        assert "".join(words for kind, words in found.pieces if kind != "delete") == new
