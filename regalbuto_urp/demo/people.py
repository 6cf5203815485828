"""Made-up inhabitants, with numbers and ids nobody has."""

from dataclasses import dataclass
from random import Random

from regalbuto_urp.demo import stories

COUNT = 300
# Of so many people one hides the number.
HIDDEN_EVERY = 23
PHONE = "+39340111{:04d}"
# A real id is all digits: these also tell that the practice data is there.
BSUID = "IT.DEMO{:016d}"


@dataclass(frozen=True)
class Person:
    """A citizen: with a phone, or with only the id WhatsApp gives when the number is hidden."""

    name: str
    phone: str | None = None
    bsuid: str | None = None
    username: str = ""


# Two of the simulator's phones: subscribers of long ago, whose window is closed. The third, Maria Rossi's, is
# left to whoever tries the system, to subscribe with it.
GIUSEPPE = Person("Giuseppe Bianchi", "+393401112202")
CONCETTA = Person("Nonna Concetta", "+393401112203")


def invent(rng: Random) -> list[Person]:
    """The inhabitants, all different; some write with a nickname or only the first name, as people do."""
    names = stories.read("names")
    pairs = [(first, last) for first in names["first"] for last in names["last"]]
    return [_person(rng, number, *pair) for number, pair in enumerate(rng.sample(pairs, COUNT))]


def _person(rng: Random, number: int, first: str, last: str) -> Person:
    name = rng.choice([f"{first} {last}"] * 6 + [first, f"{first} {last[0]}.", f"{last} {first}"])
    if number % HIDDEN_EVERY < HIDDEN_EVERY - 1:
        return Person(name, phone=PHONE.format(number))
    username = "".join(letter for letter in f"{first}.{last}".lower() if letter.isalpha() or letter == ".")
    return Person(name, bsuid=BSUID.format(number), username=username)
