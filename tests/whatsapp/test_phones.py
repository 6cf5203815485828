import pytest

from whatsapp import phones


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("340 111 2201", "+393401112201"),
        ("+39 340-1112201", "+393401112201"),
        ("0039 340 1112201", "+393401112201"),
        ("0935 71099", "+39093571099"),
        ("+49 151 23456789", "+4915123456789"),
        ("abc", None),
        ("", None),
        ("12", None),
    ],
)
def test_normalise(text: str, number: str | None) -> None:
    assert phones.normalise(text) == number


def test_what_whatsapp_writes_gets_its_plus() -> None:
    assert phones.from_wa_id("393401112201") == "+393401112201"
    assert phones.from_wa_id(None) is None


def test_mask_hides_the_middle() -> None:
    assert phones.mask("+393401112201") == "+39340****201"
    assert phones.mask(None) == "numero nascosto"
