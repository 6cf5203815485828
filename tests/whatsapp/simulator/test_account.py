"""Templates, media, health: the addresses beside `/messages`."""

from typing import Any

import pytest
import requests

from whatsapp.simulator.config import Config
from whatsapp.simulator.media import MEGABYTE

PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


def test_created_template_is_approved_and_told(box: Any, wait: Any) -> None:
    answer = box.create(name="allerta", language="it")
    assert answer.json() | {"id": ""} == {"id": "", "status": "APPROVED", "category": "UTILITY"}
    wait(
        lambda: [
            body for body in box.project.bodies if _event(body).get("message_template_name") == "allerta"
        ]
    )
    event = _event(box.project.bodies[-1])
    assert event["event"] == "APPROVED"
    assert event["message_template_id"] == int(answer.json()["id"])


def _event(body: dict[str, Any]) -> dict[str, Any]:
    change = body["entry"][0]["changes"][0]
    return dict(change["value"]) if change["field"] == "message_template_status_update" else {}


def test_templates_are_listed_in_pages(box: Any) -> None:
    for n in range(4):
        box.create(name=f"modello_{n}")
    first = box.graph("GET", "102290129340398/message_templates?limit=3&fields=name,status").json()
    assert [one["name"] for one in first["data"]] == ["avviso", "modello_0", "modello_1"]
    second = box.session.get(first["paging"]["next"], timeout=10).json()
    assert [one["name"] for one in second["data"]] == ["modello_2", "modello_3"]
    assert "next" not in second["paging"]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Con Spazi"},
        {"name": "avviso"},
        {"name": "a", "category": "BOH"},
        {"name": "a", "components": [{"type": "BODY", "text": "{{1}} all'inizio"}]},
        {"name": "a", "components": [{"type": "BODY", "text": "Alla fine {{1}}."}]},
        {"name": "a", "components": [{"type": "BODY", "text": "x" * 1025}]},
        {"name": "a", "components": [{"type": "BODY", "text": "x"}, {"type": "FOOTER", "text": "x" * 61}]},
    ],
)
def test_refused_templates(box: Any, changes: dict[str, Any]) -> None:
    answer = box.create(**changes)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


def test_media_are_uploaded_read_and_deleted(box: Any) -> None:
    file_id = box.upload(PNG, "image/png").json()["id"]
    found = box.graph("GET", file_id).json()
    assert found["url"].startswith(box.address), "the address must be the one the caller used"
    assert found["file_size"] == str(len(PNG))
    assert box.session.get(found["url"], timeout=10).content == PNG
    assert requests.get(found["url"], timeout=10).status_code == 401
    assert box.graph("DELETE", file_id).json() == {"success": True}
    assert box.graph("GET", file_id).status_code == 400
    assert box.session.get(found["url"], timeout=10).status_code == 404


@pytest.mark.parametrize(
    ("content", "mime_type"),
    [
        (b"GIF89a", "image/gif"),
        (b"not a picture", "image/jpeg"),
        (PNG + bytes(5 * MEGABYTE), "image/png"),
        (b"\0\0\0\x18ftyp" + bytes(16 * MEGABYTE), "video/mp4"),
    ],
    ids=["type", "content", "picture too big", "clip too big"],
)
def test_refused_media(box: Any, content: bytes, mime_type: str) -> None:
    assert box.upload(content, mime_type).json()["error"]["code"] == 131053


def test_health_of_the_number(box: Any) -> None:
    found = box.graph("GET", "106540352242922?fields=quality_rating,throughput").json()
    assert found == {"quality_rating": "GREEN", "throughput": {"level": "STANDARD"}, "id": "106540352242922"}


def test_configuration_comes_from_the_environment() -> None:
    config = Config.from_environment({"SIMULATOR_PORT": "9", "SIMULATOR_DELAY": "0", "WHATSAPP_WABA_ID": ""})
    assert (config.port, config.delay, config.waba_id) == (9, 0.0, "102290129340398")
