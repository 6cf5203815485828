"""The guide for the Segreteria, read beside the pages it is about: the Markdown files of `docs/guida/`."""

from collections.abc import Iterator
from itertools import pairwise

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

FOLDER = settings.BASE_DIR / "docs" / "guida"
INDEX = "README"
MARKDOWN = MarkdownIt().enable("table")


def chapters() -> list[tuple[str, str]]:
    """Name and title of each chapter, in order; the index is the first."""
    names = [INDEX, *sorted(path.stem for path in FOLDER.glob("[0-9]*.md"))]
    return [(name, (FOLDER / f"{name}.md").read_text().partition("\n")[0].lstrip("# ")) for name in names]


def tokens(name: str) -> list[Token]:
    """A chapter without its title, its links and pictures as the back office has them.

    A heading's anchor is the one that other readers of Markdown give it.
    """
    found = MARKDOWN.parse((FOLDER / f"{name}.md").read_text())[3:]
    for heading, words in pairwise(found):
        if heading.type == "heading_open":
            heading.attrSet("id", slugify(words.content, allow_unicode=True))
    for token in within(found):
        if token.type == "link_open":
            token.attrSet("href", _address(str(token.attrGet("href"))))
        elif token.type == "image":
            token.attrSet("src", static(str(token.attrGet("src")).replace("immagini/", "guida/")))
            token.attrSet("loading", "lazy")
    return found


def within(found: list[Token]) -> Iterator[Token]:
    """What stands inside the lines: links, pictures, words."""
    return (child for token in found for child in token.children or [])


def _address(written: str) -> str:
    page, mark, anchor = written.partition("#")
    if not page.endswith(".md"):
        return written
    return url(page.removesuffix(".md")) + mark + anchor


def url(name: str) -> str:
    """Where a chapter is read."""
    return reverse("admin:guide", args=[] if name == INDEX else [name])


def page(site: AdminSite, request: HttpRequest, name: str = INDEX) -> TemplateResponse:
    """A chapter, with the ways to the one before and the one after."""
    known = chapters()
    names = [one for one, _title in known]
    if name not in names:
        raise Http404
    at = names.index(name)
    around = [(url(known[near][0]), known[near][1]) for near in (at - 1, at + 1) if 0 <= near < len(known)]
    html = MARKDOWN.renderer.render(tokens(name), MARKDOWN.options, {})
    context = {
        **site.each_context(request),
        "title": known[at][1],
        "is_index": name == INDEX,
        "html": mark_safe(html),  # our own files
        "around": around,
    }
    return TemplateResponse(request, "admin/guide.html", context)
