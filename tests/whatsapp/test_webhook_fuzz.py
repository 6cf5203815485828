"""Meta's webhooks, bent: nothing that comes through the door breaks it, and nothing stays undone.

Two thousand cases; twenty thousand with FAULTS=long (`make faults`).
"""

import copy
import json
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from regalbuto_urp import settings as project
from tests.whatsapp.test_graph_webhooks import PAYLOADS
from whatsapp import inbox
from whatsapp.errors import MalformedWebhook
from whatsapp.models import Message, WebhookEvent
from whatsapp.providers.cloud_api import CloudApi

CASES = 20_000 if os.environ.get("FAULTS") == "long" else 2_000
TOGETHER = 20
# Megabytes that so many may add to a process
MEMORY = 150
# Words made to slow a reader down, and what no database takes
NASTY = [
    "ehi" * 39 + "z", "perdita di gas " + "del " * 60, "\ufdfa" * 500, "via " + " " * 4_000, "# " * 2_000,
    "ISCRIZIONE OFF\x00", "prima\x00dopo\ud800", "‮gnp.exe", "@37.6,14.6 !3d!4d" * 200, "«" * 70_000,
]  # fmt: skip
REAL = [json.loads(path.read_text()) for path in sorted(Path(PAYLOADS).glob("*.json"))]


def deep(levels: int) -> Any:
    value: Any = "in fondo"
    for _ in range(levels):
        value = [value]
    return value


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=20),  # with lone surrogates and NUL
    st.sampled_from(NASTY),
    st.sampled_from(
        ["", "x" * 100_000, "\x00", "\ud800", "👍🏽", "٣٩٣٤", "0393401112233", "131026", "1760000000", "-1",
         "1e400", "IT." + "9" * 200, "{detail}", "%s", "' or 1=1", 10**400, -(10**30), 1e308, 253402300799,
         "message_text", "system", "image", "__class__"]
    ),
)  # fmt: skip
JUNK = st.one_of(
    SCALARS,
    st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    st.sampled_from([[], {}, [[]], [None], [{}], {"id": {}}]),
    st.integers(1, 300).map(deep),
)


# What any part of a webhook may carry besides
ADDED: list[dict[str, Any]] = [
    {"context": {"from": "393665340900", "id": NASTY[6]}},
    {"context": {"id": "wamid.1", "forwarded": True}},
    {"errors": [{"code": 2388299, "error_user_msg": NASTY[6], "fbtrace_id": NASTY[6]}]},
    {"errors": [{"code": 131026, "error_subcode": 2388001, "error_data": {"details": NASTY[6] * 100}}]},
    {"errors": [{"code": "2388001", "error_data": [NASTY[6]]}]},
    {"from": "393400000001", "from_user_id": NASTY[6]},
    {"text": {"body": NASTY[1]}, "type": "text"},
    {"text": {"body": NASTY[6]}, "type": "text"},
]


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Everything in a JSON value, as (container, key)."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from places(value[key])


@st.composite
def bent(draw: st.DrawFn) -> Any:
    """A real webhook with some of its fields dropped, replaced, repeated, wrapped, or taken from another."""
    envelope = copy.deepcopy(draw(st.sampled_from(REAL)))
    for _ in range(draw(st.integers(1, 5))):
        if not (there := list(places(envelope))):
            break
        container, key = there[-1 - draw(st.integers(0, len(there) - 1))]  # rather a leaf than the root
        match draw(st.sampled_from(["drop", "junk", "junk", "kind", "repeat", "wrap", "elsewhere", "add"])):
            case "drop":
                del container[key]
            case "junk":
                container[key] = copy.deepcopy(draw(JUNK))
            case "kind":  # a number as a string, a string as a number
                value = container[key]
                container[key] = int(value) if str(value).isdecimal() else str(value)
            case "repeat":
                container[key] = [container[key]] * draw(st.sampled_from([0, 2, 50]))
            case "wrap":
                container[key] = {draw(st.sampled_from(["id", "value", "messages", "text"])): container[key]}
            case "add" if isinstance(container, dict):
                container |= copy.deepcopy(draw(st.sampled_from(ADDED)))
            case "elsewhere":
                others = list(places(draw(st.sampled_from(REAL))))
                other, name = others[draw(st.integers(0, len(others) - 1))]
                container[key] = copy.deepcopy(other[name])
    return envelope


def encode(envelope: Any) -> bytes:
    return json.dumps(envelope).encode()


@pytest.fixture
def all_handlers(channel_alone: None, settings: Any) -> None:
    """Those of the service, above the channel too."""
    settings.INBOUND_HANDLERS = project.INBOUND_HANDLERS


def resident() -> float:
    """Megabytes of memory in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def changes(envelope: Any) -> list[Any]:
    entries = envelope.get("entry") if isinstance(envelope, dict) else None
    return entries if isinstance(entries, list) else []


@pytest.mark.django_db
@pytest.mark.timeout(1800)
@settings(
    max_examples=CASES // TOGETHER,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
)
@given(st.lists(bent(), min_size=TOGETHER, max_size=TOGETHER))
def test_bent_webhooks_are_read_and_dealt_with(
    post_webhook: Any, all_handlers: None, envelopes: list[Any]
) -> None:
    for envelope in envelopes:
        try:
            CloudApi().parse(encode(envelope))
        except MalformedWebhook:
            continue
    # All in one call: what cannot be applied would leave the event undone, with its error.
    together = [entry for envelope in envelopes for entry in changes(envelope)]
    body = encode({"object": "whatsapp_business_account", "entry": together})
    assume(len(body) < 3_000_000)  # Meta sends no more, and we take no more
    assert post_webhook(body).status_code == 200
    held = resident()
    for kept in WebhookEvent.Inbox:
        inbox.process(kept)
    assert resident() - held < MEMORY
    errors = WebhookEvent.objects.exclude(error="").exclude(error__startswith="Illeggibile")
    errors = errors.exclude(error=inbox.NOT_OURS)
    assert list(errors.values_list("error", flat=True)) == []
    assert not WebhookEvent.objects.filter(handled_at=None).exists()
    left = Message.objects.filter(inbound=True, handled_at=None)
    assert list(left.values_list("reason", flat=True)) == []
    WebhookEvent.objects.all().delete()


@settings(max_examples=CASES // 4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(REAL), st.integers(0, 2_000), st.binary(max_size=6), st.integers(0, 6))
def test_bent_bytes_are_read_or_malformed(envelope: Any, at: int, junk: bytes, gone: int) -> None:
    raw = encode(envelope)
    at %= len(raw)
    try:
        CloudApi().parse(raw[:at] + junk + raw[at + gone :])
    except MalformedWebhook:
        return
