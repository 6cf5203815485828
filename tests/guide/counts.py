"""The guide's table of clicks and fields, between two marks: `make guide` writes it, the test reads it."""

from regalbuto_urp.guide import FOLDER
from tests.guide.people import Count
from tests.guide.story import KINDS, STEPS

PAGE = FOLDER / "README.md"
BEGIN, END = "<!-- conteggio -->", "<!-- fine del conteggio -->"


def table(counts: dict[tuple[str, str], Count]) -> str:
    """The steps as lines, the kinds as columns, the sum at the foot."""
    lines = [["", *KINDS], ["---"] * (1 + len(KINDS))]
    lines += [[words, *(_told(counts[step, kind]) for kind in KINDS)] for step, words in STEPS.items()]
    sums = [_told(sum((counts[step, kind] for step in STEPS), Count())) for kind in KINDS]
    lines.append(["**In tutto**", *(f"**{told}**" for told in sums)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _told(count: Count) -> str:
    return f"{count.clicks} clic, {count.fields} {'campo' if count.fields == 1 else 'campi'}"


def written() -> str:
    """What the guide says now."""
    return PAGE.read_text().partition(BEGIN)[2].partition(END)[0].strip()


def write(counts: dict[tuple[str, str], Count]) -> None:
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(counts)}\n\n{END}{after}")
