"""What passes `contents` can be sent: WhatsApp's limits, told in words."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp import contents, delivery, outbox
from whatsapp.errors import ContentError
from whatsapp.models import Attempt, Channel, Media
from whatsapp.types import Kind, OutboundMessage

pytestmark = pytest.mark.django_db
ROW = ("strade", "Strade", "Buche e marciapiedi")


def prepared(message: object) -> OutboundMessage:
    """As the provider gets it."""
    channel, _ = Channel.objects.get_or_create(phone_number_id="1")
    return delivery.prepare(Attempt(message=message, channel=channel))  # type: ignore[misc]


def test_a_list_goes_with_its_label_and_rows() -> None:
    content = contents.choices("Di che cosa si tratta?", "Scegli", [ROW, ("altro", "Altro", "")])
    message = prepared(outbox.send(ContactFactory(reachable=True), content))
    assert (message.kind, message.list_label) == (Kind.LIST, "Scegli")
    assert message.buttons == (ROW, ("altro", "Altro", ""))


@pytest.mark.parametrize(
    ("label", "rows", "said"),
    [
        ("Scegli", [], "da 1 a 10"),
        ("Scegli", [(str(n), f"Voce {n}", "") for n in range(11)], "sono 11"),
        ("Scegli", [("a", "x" * 25, "")], "24 caratteri"),
        ("Scegli", [("a", " ", "")], "24 caratteri"),
        ("Scegli", [("a", "A", "x" * 73)], "72 caratteri"),
        ("Scegli", [("x" * 201, "A", "")], "200 caratteri"),
        ("Scegli", [("a", "A", ""), ("a", "B", "")], "sono uguali"),
        ("x" * 21, [ROW], "20 caratteri"),
        (" ", [ROW], "20 caratteri"),
    ],
    ids=str,
)
def test_a_list_whatsapp_would_refuse(label: str, rows: list[tuple[str, str, str]], said: str) -> None:
    with pytest.raises(ContentError, match=said):
        contents.choices("Di che cosa si tratta?", label, rows)


@pytest.mark.parametrize(
    "buttons",
    [
        [("a", "Sì"), ("b", "No"), ("c", "Forse"), ("d", "Boh")],
        [("a", "Sì"), ("b", "Sì")],
        [("a", "Sì"), ("a", "No")],
        [("a", "x" * 21)],
        [("", "Sì")],
    ],
)
def test_buttons_whatsapp_would_refuse(buttons: list[tuple[str, str]]) -> None:
    with pytest.raises(ContentError):
        contents.text("Va bene?", buttons=buttons)


@pytest.mark.parametrize("ask", [contents.ask_place, contents.ask_number])
def test_a_request_has_a_short_text(ask: object) -> None:
    assert ask("Dove si trova?").text == "Dove si trova?"  # type: ignore[operator]
    for wrong in ("", "x" * 1025):
        with pytest.raises(ContentError):
            ask(wrong)  # type: ignore[operator]


def test_the_place_and_the_number_are_asked_for() -> None:
    contact = ContactFactory(reachable=True)
    assert prepared(outbox.send(contact, contents.ask_place("Dove?"))).kind == Kind.PLACE_REQUEST
    hidden = ContactFactory(reachable=True, phone=None, bsuid="IT.13491208655302741918")
    assert prepared(outbox.ask_number(hidden, "Il tuo numero?")).kind == Kind.NUMBER_REQUEST


def test_a_file_goes_with_a_caption_and_only_if_it_can_be_sent() -> None:
    clip = Media.objects.create(kind=Kind.VIDEO, status=Media.Status.FETCHED)
    message = outbox.send(ContactFactory(reachable=True), contents.with_file(clip, "Ecco il cantiere"))
    assert (message.content.kind, message.text, message.content.media) == (
        Kind.VIDEO,
        "Ecco il cantiere",
        clip,
    )
    with pytest.raises(ContentError, match="1024"):
        contents.with_file(clip, "x" * 1025)
    for wrong in (Media(kind=Kind.AUDIO, status=Media.Status.FETCHED), Media(kind=Kind.IMAGE)):
        with pytest.raises(ContentError, match="non si può inviare"):
            contents.with_file(wrong)


def test_an_answer_may_quote_what_it_answers() -> None:
    question = InboundMessageFactory()
    answer = outbox.reply(question.contact, "Sì", quoting=question)
    assert prepared(answer).context_id == question.provider_id
    assert prepared(outbox.reply(question.contact, "Sì")).context_id == ""


@given(st.text(max_size=30), st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), max_size=5))
def test_whatever_is_asked_for_is_saved_or_refused_in_words(
    body: str, buttons: list[tuple[str, str]]
) -> None:
    body, buttons = body.replace("\0", ""), [(a.replace("\0", ""), b.replace("\0", "")) for a, b in buttons]
    with contextlib.suppress(ContentError):
        content = contents.text(body, buttons=buttons)
        assert content.kind == (Kind.BUTTONS if buttons else Kind.TEXT)
