"""What the business sends: answers, statuses, limits."""

from typing import Any

import pytest

MARIA, SALVO = "+393401112201", "IT.13491208655302741918"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


def error_of(answer: Any) -> tuple[int, int]:
    return answer.status_code, answer.json()["error"]["code"]


def message_id(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["messages"][0]["id"])


def test_template_is_sent_delivered_and_read_in_order(box: Any) -> None:
    answer = box.template("Via Roma chiusa", biz_opaque_callback_data="d:1")
    assert answer.json()["contacts"] == [{"input": MARIA, "wa_id": "393401112201"}]
    statuses = box.ended(message_id(answer))
    assert [one["status"] for one in statuses] == ["sent", "delivered", "read"]
    assert {one["recipient_id"] for one in statuses} == {"393401112201"}
    assert {one["biz_opaque_callback_data"] for one in statuses} == {"d:1"}
    assert all(one["recipient_user_id"].startswith("IT.") and one["timestamp"].isdigit() for one in statuses)
    assert statuses[0]["pricing"]["category"] == "utility"
    assert box.project.unsigned == 0
    assert box.phone()["chat"][0]["text"] == "Avviso: Via Roma chiusa. Comune di Regalbuto."


def test_statuses_of_a_hidden_number_have_no_phone(box: Any) -> None:
    answer = box.template("x", to=SALVO)
    assert answer.json()["contacts"] == [{"input": SALVO, "user_id": SALVO}]
    statuses = box.ended(message_id(answer))
    assert not any("recipient_id" in one for one in statuses)
    contacts = box.project.values("contacts")
    assert contacts
    assert not any("wa_id" in one for one in contacts)


def test_any_number_receives_and_most_read(box: Any) -> None:
    ids = [message_id(box.template("x", to=f"+39340555{n:04}")) for n in range(60)]
    box.quiet()
    read = [one for one in ids if box.project.statuses(one)[-1]["status"] == "read"]
    assert 30 <= len(read) <= 54
    assert len(box.project.bodies) < 90, "statuses are gathered"


@pytest.mark.parametrize("to", ["+39 340 111-2201", "+39 (340) 1112201"])
def test_spaces_and_brackets_in_numbers(box: Any, to: str) -> None:
    assert box.template("x", to=to).json()["contacts"][0]["wa_id"] == "393401112201"


def test_without_plus_the_calling_code_is_put_in_front(box: Any) -> None:
    assert box.template("x", to="393401112201").json()["contacts"][0]["wa_id"] == "39393401112201"


def test_free_text_needs_an_open_window(box: Any) -> None:
    statuses = box.ended(message_id(box.text()), "failed")
    assert [one["errors"][0]["code"] for one in statuses] == [131047]
    assert "recipient_user_id" not in statuses[0]
    assert box.project.values("contacts") == []
    box.write("Ciao")
    assert [one["status"] for one in box.ended(message_id(box.text()))] == ["sent", "delivered", "read"]
    box.control("phones/t1/window", closed=True)
    box.ended(message_id(box.text()), "failed")
    box.control("settings", enforce_window=False)
    box.ended(message_id(box.text()))


def test_token_is_checked(box: Any) -> None:
    answer = box.graph("POST", "106540352242922/messages", json={}, headers={"Authorization": "Bearer no"})
    assert error_of(answer) == (401, 190)


def test_other_numbers_are_unknown(box: Any) -> None:
    answer = box.graph("POST", "999/messages", json={})
    assert error_of(answer) == (400, 100)
    assert answer.json()["error"]["error_subcode"] == 33


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"messaging_product": "sms"}, 100),
        ({"to": ""}, 100),
        ({"to": "pronto"}, 131009),
        ({"to": "+393665340900", "type": "text", "text": {"body": "io"}}, 131021),
        ({"type": "text"}, 131008),
        ({"type": "text", "text": {"body": ""}}, 131008),
        ({"type": "text", "text": {"body": "a" * 4097}}, 100),
        ({"type": "boh", "boh": {}}, 100),
        ({"type": "image", "image": {"id": "1", "caption": "x"}}, 100),
        ({"type": "image", "image": {"link": "https://x.it/a.jpg", "caption": "x" * 1025}}, 100),
        ({"type": "image", "image": {}}, 131008),
        ({"type": "location", "location": {"latitude": 1}}, 131008),
        ({"type": "location", "location": {"latitude": 100, "longitude": 1}}, 131009),
        ({"biz_opaque_callback_data": "x" * 513}, 100),
        ({"category": "utility"}, 100),
    ],
)
def test_refused_messages(box: Any, payload: dict[str, Any], code: int) -> None:
    body = {"messaging_product": "whatsapp", "to": MARIA, "type": "text", "text": {"body": "x"}, **payload}
    if payload == {"type": "text"}:
        del body["text"]
    answer = box.graph("POST", "106540352242922/messages", json=body)
    assert error_of(answer) == (400, code)
    error = answer.json()["error"]
    assert error["message"].startswith(f"(#{code})")
    assert error["fbtrace_id"]
    if code > 1000:
        assert error["error_data"]["messaging_product"] == "whatsapp"


def buttons(count: int, title: str = "Sì", **changes: Any) -> dict[str, Any]:
    made = [{"type": "reply", "reply": {"id": f"b{n}", "title": f"{title}{n}"}} for n in range(count)]
    return {"type": "button", "body": {"text": "Confermi?"}, "action": {"buttons": made}, **changes}


def rows(count: int) -> dict[str, Any]:
    made = [{"id": f"r{n}", "title": f"Riga {n}"} for n in range(count)]
    return {"type": "list", "body": {"text": "?"}, "action": {"button": "Apri", "sections": [{"rows": made}]}}


@pytest.mark.parametrize(
    ("interactive", "code"),
    [
        (buttons(3), 0),
        (buttons(4), 131009),
        (buttons(1, "a" * 20), 131009),
        (buttons(1, body={"text": "x" * 1025}), 131009),
        (buttons(1, footer={"text": "x" * 61}), 131009),
        (rows(10), 0),
        (rows(11), 131009),
        ({"type": "boh", "body": {"text": "x"}, "action": {"name": "x"}}, 131009),
    ],
)
def test_interactive_limits(box: Any, interactive: dict[str, Any], code: int) -> None:
    answer = box.post(type="interactive", interactive=interactive)
    assert error_of(answer) == (400, code) if code else answer.status_code == 200


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ((), 132000),
        (("a", "b"), 132000),
        (("a\nb",), 132018),
        (("a\tb",), 132018),
        (("a     b",), 132018),
        (("",), 131008),
        (("x" * 1000,), 132005),
    ],
)
def test_template_parameters(box: Any, values: tuple[str, ...], code: int) -> None:
    assert error_of(box.template(*values)) == (400, code)


def test_unknown_template_or_language(box: Any) -> None:
    assert error_of(box.template("x", name="altro")) == (404, 132001)
    content = {"name": "avviso", "language": {"code": "en"}}
    assert error_of(box.post(type="template", template=content)) == (404, 132001)


def test_paused_template(box: Any) -> None:
    box.control("templates", name="avviso", status="PAUSED")
    assert error_of(box.template("x")) == (400, 132015)


def test_header_of_the_wrong_type(box: Any) -> None:
    body = {"type": "BODY", "text": "Avviso senza variabili."}
    box.create(
        name="foto",
        components=[{"type": "header", "format": "image", "example": {"header_handle": ["4::x"]}}, body],
    )
    file_id = box.upload(PNG, "image/png").json()["id"]
    for kind, content, code in [
        ("video", {"id": file_id}, 132012),
        ("image", {"id": "1"}, 100),
        ("image", {"id": file_id}, 0),
    ]:
        header = {"type": "header", "parameters": [{"type": kind, kind: content}]}
        template = {"name": "foto", "language": {"code": "it"}, "components": [header]}
        answer = box.post(type="template", template=template)
        assert error_of(answer) == (400, code) if code else answer.status_code == 200


def test_buttons_of_a_template(box: Any) -> None:
    body = {"type": "BODY", "text": "Avviso senza variabili."}
    wanted = [
        {"type": "url", "text": "Leggi", "url": "https://comune.example.it/avvisi/{{1}}"},
        {"type": "quick_reply", "text": "ISCRIZIONE OFF"},
    ]
    box.create(name="pulsanti", components=[body, {"type": "buttons", "buttons": wanted}])
    link = {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "12"}]}
    template: dict[str, Any] = {"name": "pulsanti", "language": {"code": "it"}, "components": []}
    assert error_of(box.post(type="template", template=template)) == (400, 131008)
    box.ended(message_id(box.post(type="template", template={**template, "components": [link]})))
    shown = box.phone()["chat"][0]["buttons"]
    assert [button.get("url") or button["payload"] for button in shown] == [
        "https://comune.example.it/avvisi/12",
        "ISCRIZIONE OFF",
    ]


def test_magic_numbers_fail_later_or_at_once(box: Any) -> None:
    later = box.ended(message_id(box.template("x", to="+39000131026")), "failed")
    assert later[0]["errors"][0]["code"] == 131026
    assert error_of(box.template("x", to="+39001130429")) == (429, 130429)


def test_pair_limit(box: Any) -> None:
    box.control("settings", pair_limit=True)
    answers = [box.template("x") for _ in range(50)]
    assert [one.status_code for one in answers[:45]] == [200] * 45
    # One more every six seconds: a slow machine earns a few.
    assert (400, 131056) in [error_of(one) for one in answers[45:] if one.status_code != 200]
    assert box.template("x", to="+393401112202").status_code == 200
