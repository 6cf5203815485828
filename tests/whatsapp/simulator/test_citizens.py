"""What citizens do on their phones, as the project is told."""

from typing import Any

import pytest

SALVO = "IT.13491208655302741918"
JPEG = b"\xff\xd8\xff\xe0" + bytes(40)


def test_a_message_from_a_known_number(box: Any) -> None:
    message = box.write("ISCRIZIONE ON")
    assert message["text"] == {"body": "ISCRIZIONE ON"}
    assert message["from"] == "393401112201"
    value = box.project.bodies[-1]["entry"][0]["changes"][0]["value"]
    assert value["metadata"] == {"display_phone_number": "393665340900", "phone_number_id": "106540352242922"}
    assert value["contacts"] == [
        {"profile": {"name": "Maria Rossi"}, "wa_id": "393401112201", "user_id": message["from_user_id"]}
    ]
    assert box.project.unsigned == 0


def test_a_hidden_number_has_only_its_bsuid(box: Any) -> None:
    message = box.write("Ciao", phone="t4")
    assert "from" not in message
    assert message["from_user_id"] == SALVO
    (contact,) = box.project.values("contacts")
    assert "wa_id" not in contact
    assert contact["profile"]["username"]


def test_ticks_of_ones_own_message(box: Any, wait: Any) -> None:
    box.project.answers = [500, 500]  # a second and a half until the second tick
    sent = box.control("phones/t1/send", text="Ciao")["id"]
    assert box.phone()["chat"][0]["ticks"] == 1
    box.received(sent)
    wait(lambda: box.phone()["chat"][0]["ticks"] == 2)
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": sent}
    assert box.graph("POST", "106540352242922/messages", json=read).json() == {"success": True}
    assert box.phone()["chat"][0]["ticks"] == 3
    answer = box.graph("POST", "106540352242922/messages", json=read | {"message_id": "wamid.X"})
    assert answer.json()["error"]["code"] == 131009


def test_messages_of_a_phone_keep_their_order_through_failures(box: Any, wait: Any) -> None:
    box.project.answers = [503, 200, 500]
    for n in range(4):
        box.control("phones/t1/send", text=str(n))
    wait(lambda: len(box.project.values("messages")) == 4)
    assert [one["text"]["body"] for one in box.project.values("messages")] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("action", "kind", "content"),
    [
        (
            {"type": "location", "latitude": 37.6535, "longitude": 14.6396},
            "location",
            {"latitude": 37.6535, "longitude": 14.6396},
        ),
        ({"type": "button", "text": "OFF"}, "button", {"payload": "OFF", "text": "OFF"}),
        (
            {"type": "button_reply", "id": "a", "title": "Sì"},
            "interactive",
            {"type": "button_reply", "button_reply": {"id": "a", "title": "Sì"}},
        ),
        (
            {"type": "list_reply", "id": "a", "title": "Buche", "description": "Strade"},
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "a", "title": "Buche", "description": "Strade"}},
        ),
        (
            {"type": "reaction", "message": "wamid.X", "emoji": "👍"},
            "reaction",
            {"message_id": "wamid.X", "emoji": "👍"},
        ),
        ({"type": "reaction", "message": "wamid.X"}, "reaction", {"message_id": "wamid.X"}),
    ],
)
def test_other_actions(box: Any, action: dict[str, Any], kind: str, content: dict[str, Any]) -> None:
    message = box.received(box.control("phones/t1/send", **action)["id"])
    assert (message["type"], message[kind]) == (kind, content)


def test_a_tap_quotes_the_message_it_answers(box: Any) -> None:
    sent = box.control("phones/t1/send", type="button", text="OFF", payload="off:1", message="wamid.X")["id"]
    message = box.received(sent)
    assert message["context"] == {"from": "393665340900", "id": "wamid.X"}


@pytest.mark.parametrize(
    ("name", "mime_type", "kind"),
    [
        ("buca.jpg", "image/jpeg", "image"),
        ("clip.mp4", "video/mp4", "video"),
        ("nota.ogg", "audio/ogg", "audio"),
        ("modulo.pdf", "application/pdf", "document"),
        ("strano.xyz", "application/x-strano", "document"),
    ],
)
def test_files(box: Any, name: str, mime_type: str, kind: str) -> None:
    answer = box.session.post(
        f"{box.address}/control/phones/t1/send",
        files={"file": (name, JPEG, mime_type)},
        data={"caption": "Eccola"},
        timeout=10,
    )
    message = box.received(answer.json()["id"])
    assert message["type"] == kind
    content = message[kind]
    assert ("caption" in content) is (kind != "audio")
    assert (content.get("filename") == name) is (kind == "document")
    found = box.graph("GET", content["id"]).json()
    assert box.session.get(found["url"], timeout=10).content == JPEG
    # Meta refuses the business's own number here: the citizen uploaded the file, not the business.
    assert box.graph("GET", f"{content['id']}?phone_number_id=106540352242922").status_code == 400


def test_any_number_can_write(box: Any) -> None:
    message = box.received(box.control("phones/+393331234567/send", text="ISCRIZIONE ON")["id"])
    assert message["from"] == "393331234567"
    assert len(box.state()["phones"]) == 4, "it has no phone on the page"


def test_a_new_phone_and_a_changed_number(box: Any) -> None:
    phone = box.control("phones", name="Turi", number="+39 340 1112209")
    assert phone["number"] == "+393401112209"
    changed = box.control(f"phones/{phone['id']}/identity", number="+393401112210")
    message = box.received(changed["message"])
    assert message["from"] == "393401112209"
    assert message["system"]["type"] == "user_changed_number"
    assert message["system"]["wa_id"] == "393401112210"
    assert message["system"]["previous_user_id"] == phone["bsuid"]
    assert message["system"]["user_id"] == changed["bsuid"] != phone["bsuid"]


def test_mistakes_are_told_in_words(box: Any) -> None:
    for path, payload in [
        ("phones/t1/send", {"type": "boh"}),
        ("phones/t1/send", {"type": "text"}),
        ("phones/t1/send", {"type": "location", "latitude": "x"}),
        ("phones", {"name": ""}),
        ("phones", {"name": "A", "number": "12"}),
    ]:
        answer = box.session.post(f"{box.address}/control/{path}", json=payload, timeout=10)
        assert answer.status_code == 400
        assert answer.json()["error"]
    assert box.session.post(f"{box.address}/control/phones/boh/open", timeout=10).status_code == 404
