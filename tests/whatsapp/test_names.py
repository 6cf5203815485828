"""Names that people give themselves: no name passes for a number, none moves what stands beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.whatsapp import ContactFactory
from whatsapp import contacts, names
from whatsapp.models import Contact
from whatsapp.types import Sender

OVERRIDE = "\u202e"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f"Sindaco {OVERRIDE}(+39340****001)", "Sindaco (+39340****001)"),
        ("\u2066Maria\u2069\u200b\ufeff", "Maria"),
        ("Ma\u00adria\u2060 \u3164Rossi", "Maria Rossi"),
        ("Rossi\nMario\t\x00\x1b[2J", "Rossi Mario [2J"),
        ("Niccolò D'Urso", "Niccolò D'Urso"),
        ("Famiglia 👨\u200d👩\u200d👧", "Famiglia 👨\u200d👩\u200d👧"),
        ("محمد", "محمد"),
        (f"{OVERRIDE}\u200b", ""),
    ],
)
def test_what_is_not_seen_is_not_kept(given: str, kept: str) -> None:
    assert names.clean(given) == kept


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Sindaco (+39340****201)", "Sindaco …"),
        (f"Sindaco {OVERRIDE}(+39340****201)", "Sindaco …"),
        ("+39 340 111 2201", "…"),
        ("Sindaco +３９３４０＊＊＊＊２０１", "Sindaco …"),
        ("Sindaco ＋39340••••201", "Sindaco …"),
        ("Sindaco ③⑨③④⓪****201", "Sindaco …"),
        (
            "Sindaco 3\ufe0f\u20e39\ufe0f\u20e33\ufe0f\u20e34\ufe0f\u20e30\ufe0f\u20e3",
            "Sindaco …\ufe0f\u20e3",
        ),
        ("Sindaco " + "".join(f"{digit}\ufe0f\u20e3" for digit in "39340"), "Sindaco …\ufe0f\u20e3"),
        ("Maria 1985", "Maria 1985"),
        ("Bar 90° minuto", "Bar 90° minuto"),
        ("*Maria*", "*Maria*"),
    ],
)
def test_what_looks_like_a_number_is_not_shown(given: str, shown: str) -> None:
    assert names.shown(given) == shown


@given(st.text(alphabet="+(0123456789*•٣③ -.\u202e\u200dab", max_size=100))
def test_no_name_holds_a_mask(name: str) -> None:
    shown = names.shown(name)
    assert "0****2" not in shown
    assert not any(char in shown for char in "\u202e\u2066")
    assert names.shown(shown) == shown


@pytest.mark.django_db
def test_a_contact_is_kept_with_a_clean_name() -> None:
    sender = Sender(phone="+393401112201", name=f"Anna {OVERRIDE}Verdi", username="anna\u200b.v")
    contact = contacts.resolve(sender)
    assert (contact.profile_name, contact.username) == ("Anna Verdi", "anna.v")
    again = contacts.resolve(Sender(phone="+393401112201", name="\u2067Anna"))
    assert (again.pk, again.profile_name, again.username) == (contact.pk, "Anna", "anna.v")


@pytest.mark.django_db
def test_the_masked_number_is_the_last_word() -> None:
    impostor = ContactFactory(phone="+393401112001", profile_name=f"Sindaco (+39340****201){OVERRIDE}")
    assert str(impostor) == "Sindaco … (+39340****001)"
    arabic = Contact(phone="+393401112001", profile_name="محمد")
    assert str(arabic) == "\u2068محمد\u2069 (+39340****001)"
    nameless = Contact(bsuid="IT.1234567890", username="39340****201")
    assert str(nameless) == "@…"
