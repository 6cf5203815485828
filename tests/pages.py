"""Every page of the site that can be opened, with something in it: for whoever looks at them all."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse

from regalbuto_urp import guide

# No page of their own: data for scripts, files, actions by POST, what only leads elsewhere.
NOT_PAGES = {
    "jsi18n", "autocomplete", "view_on_site", "logout", "home_live", "webhook", "salute", "qr", "media",
    "media_thumbnail", "file", "security_sessions", "report_act", "report_map_points",
    "report_map_boundary", "broadcast_preview", "broadcast_keep", "broadcast_file",
    "broadcast_progress", "broadcast_undo", "broadcast_pause", "broadcast_resume", "broadcast_withdraw",
    "broadcast_countersign", "broadcast_sequel", "subscriberimport_cancel",
    "subscriberimport_confirm", "subscriberimport_progress", "subscriberimport_report",
    "retentionrule_confirm",
}  # fmt: skip
# Django's own, the same for every model: those of one are looked at.
ALIKE = ("_history", "_delete")
# The words that an address takes besides an object.
WORDS = {
    "subscribers_subscriber_dossier_act": ["act", "rettifica", "cancella"],
    "broadcasts_broadcast_resend": ["to", "non-riusciti", "incerti"],
}


def names(resolver: URLResolver | None = None, space: str = "") -> Iterator[tuple[str, list[str]]]:
    """Each address's full name and the names of its arguments."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from names(entry, f"{space}{entry.namespace}:" if entry.namespace else space)
        elif entry.name:
            yield f"{space}{entry.name}", list(entry.pattern.converters or entry.pattern.regex.groupindex)


def addresses() -> Iterator[tuple[str, str]]:
    """Name and path of every page; one path for each state of the thing it shows, newest first."""
    for name, arguments in names():
        plain = name.split(":")[-1]
        if plain in NOT_PAGES or plain.split("_", 1)[-1] in NOT_PAGES:
            continue
        if plain.endswith(ALIKE) and not plain.startswith("whatsapp_staffphone"):
            continue
        for given in _given(plain, arguments):
            try:
                yield name, reverse(name, kwargs=given)
            except NoReverseMatch:
                continue


def _given(name: str, arguments: list[str]) -> Iterator[dict[str, Any]]:
    if not arguments:
        yield {}
    elif name == "guide":
        yield from ({"name": chapter} for chapter, _title in guide.chapters())
    elif arguments == ["app_label"]:
        yield from (
            {"app_label": label} for label in {model._meta.app_label for model in admin.site._registry}
        )
    elif model := _model(name):
        key = next(one for one in arguments if one in {"pk", "id", "object_id"})
        word, *words = WORDS.get(name, ["", ""])
        for found in _examples(model):
            yield from ({key: found.pk} | ({word: each} if word else {}) for each in words)


def _model(name: str) -> type[Model] | None:
    known = (
        model
        for model in admin.site._registry
        if name.startswith(f"{model._meta.label_lower.replace('.', '_')}_")
    )
    return max(known, key=lambda model: len(model.__name__), default=None)


def _examples(model: type[Model]) -> list[Model]:
    """The newest row of each state; the newest row of what has none."""
    rows = model._default_manager.order_by("-pk")
    state = next((field.name for field in model._meta.fields if field.name in {"state", "status"}), "")
    if not state:
        return list(rows[:1])
    return [
        rows.filter(**{state: one}).first()
        for one in rows.order_by(state).values_list(state, flat=True).distinct()
    ]
