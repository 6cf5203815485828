import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts import composing
from broadcasts.models import Broadcast, Category
from tests.factories.broadcasts import BroadcastFactory
from whatsapp import bubbles
from whatsapp.errors import ContentError
from whatsapp.models import Template
from whatsapp.types import Header


@given(st.text(), st.text())
def test_parameters_are_on_one_line(title: str, text: str) -> None:
    for parameter in composing.parameters(title, text):
        assert parameter == " ".join(parameter.split())


@given(st.text())
def test_nothing_typed_becomes_markup(text: str) -> None:
    html = bubbles.formatted(text)
    for tag in ["<p>", "</p>", "<br>", "<strong>", "</strong>", "<em>", "</em>", "<s>", "</s>"]:
        html = html.replace(tag, "")
    assert "<" not in html
    assert ">" not in html


@pytest.mark.django_db
def test_a_category_without_approved_template_is_refused_with_what_to_do(people: object) -> None:
    notice = BroadcastFactory()  # the seeded templates wait for approval
    with pytest.raises(ContentError, match=r"«Viabilità» con solo testo.*è da sottoporre"):
        composing.check(notice)
    notice.category.templates.clear()
    with pytest.raises(ContentError, match="non ha un modello di WhatsApp con solo testo"):
        composing.check(notice)


def test_a_text_too_long_is_refused_with_the_excess(notice: Broadcast) -> None:
    notice.text = "parola " * 900
    assert "supera di" in composing.problem(notice)
    notice.text = "x" * (len(notice.text) - len(notice.text))
    assert composing.problem(notice) == "Un testo del messaggio è vuoto: compilalo."


def test_the_room_left_is_exact(notice: Broadcast) -> None:
    left = composing.room(notice.category, Header.NONE, notice.title, "x")
    notice.text = "x" * (left + 1)
    assert composing.problem(notice) == ""
    notice.text += "x"
    assert "supera di 1 caratteri" in composing.problem(notice)


def test_emoji_and_line_breaks_reach_the_phone_as_one_line(notice: Broadcast) -> None:
    notice.title, notice.text = "🚧 Via Roma\nchiusa", "Prima riga\n\n\tseconda 👨‍👩‍👧"
    content = composing.make_content(notice, expires_at=notice.created_at)
    assert content.parameters == ["🚧 Via Roma chiusa", "Prima riga seconda 👨‍👩‍👧"]
    assert content.button_parameters == [["url", f"{notice.pk}/"], ["quick_reply", "ISCRIZIONE OFF"]]


def test_a_place_goes_with_the_template_for_places(notice: Broadcast) -> None:
    notice.latitude, notice.longitude, notice.place_name = 37.65, 14.64, "Piazza"
    notice.save()
    content = composing.make_content(notice, expires_at=notice.created_at)
    assert content.template
    assert content.template.name == "avviso_viabilita_luogo"
    assert content.place
    assert content.place.name == "Piazza"


def test_any_change_changes_the_digest(notice: Broadcast) -> None:
    before = composing.digest(notice)
    assert composing.digest(notice) == before
    changes = {"title": "Altro", "text": notice.text + " ", "category": Category.objects.get(slug="servizi")}
    for name, value in changes.items():
        kept = getattr(notice, name)
        setattr(notice, name, value)
        assert composing.digest(notice) != before, name
        setattr(notice, name, kept)


def test_a_paused_template_is_not_chosen(notice: Broadcast) -> None:
    Template.objects.filter(name="avviso_viabilita").update(status=Template.Status.PAUSED)
    assert "sospeso" in composing.problem(notice)
