"""The guide stays true: what it names is there, what it shows is there, its ways lead somewhere."""

import re
from pathlib import Path

import django
import pytest
from django.test import Client

from regalbuto_urp import guide
from tests.regalbuto_urp.walk import member

ROOT = guide.FOLDER.parent.parent
APPS = ("broadcasts", "regalbuto_urp", "reports", "subscribers", "whatsapp")
NAMES = [name for name, _title in guide.chapters()]
TEXTS = {name: (guide.FOLDER / f"{name}.md").read_text() for name in NAMES}
PICTURES = guide.FOLDER / "immagini"
MOST = 1_500_000  # bytes, of all the pictures


def words_of_the_screen() -> str:
    """Templates, sources and scripts; Django's own words too, in Italian."""
    files = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static").rglob("*.js")]
    files += [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]
    files += (ROOT / "locale").rglob("*.po")
    files.append(Path(django.__file__).parent / "contrib/admin/locale/it/LC_MESSAGES/django.po")
    return "\n".join(path.read_text() for path in files)


def test_every_button_it_names_is_there() -> None:
    screen = words_of_the_screen()
    # «Invia a … persone» has a number in the middle, «Controlla…» its points behind.
    named = {
        part.strip()
        for text in TEXTS.values()
        for label in re.findall(r"\*\*«([^»]+)»\*\*", text)
        for part in label.split("…")
        if part.strip()
    }
    assert len(named) > 40
    assert [
        label for label in sorted(named) if not re.search(rf"(?<!\w){re.escape(label)}(?!\w)", screen)
    ] == []


def test_every_picture_is_there_once_and_shown() -> None:
    shown = {name for text in TEXTS.values() for name in re.findall(r"\(immagini/([\w.-]+)\)", text)}
    assert shown == {path.name for path in PICTURES.iterdir()}
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < MOST
    told = "".join((Path(__file__).parent / name).read_text() for name in ("story.py", "people.py"))
    assert shown == {
        f"{name}.webp" for name in re.findall(r'(?:look|take)\(\s*(?:citizen, )?"([\w-]+)"', told)
    }


def test_every_picture_says_what_it_shows() -> None:
    assert [name for name, text in TEXTS.items() if "![](" in text] == []


def anchors(name: str) -> set[str]:
    return {str(token.attrGet("id")) for token in guide.tokens(name) if token.type == "heading_open"}


def leads(name: str, anchor: str) -> bool:
    return name in NAMES and (not anchor or anchor in anchors(name))


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere(name: str) -> None:
    for page, anchor in re.findall(r"(?<!!)\[[^\]]+\]\(([^)#]*)#?([^)]*)\)", TEXTS[name]):
        assert leads(page.removesuffix(".md") or name, anchor), (page, anchor)


def test_the_help_beside_things_leads_to_its_place() -> None:
    found = [
        pair
        for path in (ROOT / "templates").rglob("*.html")
        for pair in re.findall(r'_help.html" with to="([^"]+)" at="([^"]+)"', path.read_text())
    ]
    assert len(found) > 15
    assert [pair for pair in found if not leads(*pair)] == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_a_chapter_is_read_in_the_back_office(client: Client, name: str) -> None:
    address = guide.url(name)
    assert client.get(address).status_code == 302
    client.force_login(member("Revisori"))
    html = client.get(address).content.decode()
    assert f"<h1>{dict(guide.chapters())[name]}</h1>".replace("'", "&#x27;") in html
    for inner in re.findall(r'href="(/admin/guida/[^"#]*)', html):
        assert client.get(inner).status_code == 200
    assert "immagini/" not in html
    assert ".md" not in html


@pytest.mark.django_db
def test_no_such_chapter(client: Client) -> None:
    client.force_login(member("Redazione"))
    assert client.get("/admin/guida/9-nulla/").status_code == 404
    assert "/admin/guida/" in client.get("/admin/").content.decode()
