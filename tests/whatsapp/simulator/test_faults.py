"""Faults switched on from the control address, counters, and the program itself."""

import json
import os
import signal
import socket
import subprocess
import sys
from typing import Any

import pytest
import requests

MARIA = "+393401112201"


def test_a_lost_answer_is_a_message_sent(box: Any) -> None:
    box.control("settings", lose_answer_rate=1)
    with pytest.raises(requests.ConnectionError):
        box.template("x", biz_opaque_callback_data="d:perso")
    found = box.session.get(f"{box.address}/control/received", params={"number": MARIA}, timeout=10).json()
    assert found["count"] == 1
    assert found["messages"][0]["opaque"] == "d:perso"
    statuses = box.ended(found["messages"][0]["id"])
    assert statuses[0]["biz_opaque_callback_data"] == "d:perso"


def test_a_lost_answer_may_hang(box: Any, wait: Any) -> None:
    box.control("settings", lose_answer_rate=1, hang_seconds=30)
    body = {"messaging_product": "whatsapp", "to": MARIA, "type": "text", "text": {"body": "x"}}
    with pytest.raises(requests.Timeout):
        box.session.post(f"{box.address}/v25.0/106540352242922/messages", json=body, timeout=0.3)
    wait(lambda: box.state()["totals"]["calls"] == 1)


def test_lots_are_the_same_with_the_same_seed(box: Any) -> None:
    def fails() -> list[int]:
        box.control("reset")
        box.control("settings", fail_rate=0.5, fail_code=131000, fail_async=False, seed=7)
        return [box.template("x", to=f"+39340555{n:04}").status_code for n in range(30)]

    first = fails()
    assert set(first) == {200, 500}
    assert fails() == first


def test_failures_by_status(box: Any) -> None:
    box.control("settings", fail_rate=1, fail_code=131049)
    answer = box.template("x")
    statuses = box.ended(answer.json()["messages"][0]["id"], "failed")
    assert statuses[0]["errors"][0]["code"] == 131049
    assert box.state()["failed"] == {MARIA: 1}


def test_a_gateway_that_is_down(box: Any) -> None:
    box.control("settings", http_status=502)
    answer = box.template("x")
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert box.state()["totals"]["calls"] == 0


def test_webhooks_are_repeated(box: Any, wait: Any) -> None:
    box.control("settings", duplicate_webhooks=2)
    box.control("phones/t1/send", text="Ciao")
    wait(lambda: len(box.project.values("messages")) == 3)
    assert len({one["id"] for one in box.project.values("messages")}) == 1


def test_refused_statuses_are_tried_again(box: Any) -> None:
    box.project.answers = [500, 503, 302]
    box.ended(box.template("x").json()["messages"][0]["id"])


def test_shuffled_statuses_all_arrive(box: Any, wait: Any) -> None:
    box.control("settings", shuffle_statuses=True)
    ids = [box.template("x", to=f"+39340555{n:04}").json()["messages"][0]["id"] for n in range(30)]
    for one in ids:
        box.ended(one, "delivered")
        wait(lambda one=one: {"sent", "delivered"} <= {s["status"] for s in box.project.statuses(one)})
    assert any(box.project.statuses(one)[0]["status"] != "sent" for one in ids)


def test_reading_by_hand(box: Any) -> None:
    box.control("settings", read_automatically=False)
    sent = box.template("x").json()["messages"][0]["id"]
    box.quiet()
    assert [one["status"] for one in box.project.statuses(sent)] == ["sent", "delivered"]
    assert box.phone()["unread"] == 1
    box.control("phones/t1/open")
    box.ended(sent)
    assert box.phone()["unread"] == 0


def test_throughput(box: Any) -> None:
    box.control("settings", throughput=1)
    codes = [box.template("x", to=f"+39340555{n:04}").status_code for n in range(10)]
    assert codes.count(429) >= 1


def test_any_webhook_can_be_posted(box: Any, wait: Any) -> None:
    message = {"from": "393339998877", "id": "wamid.Y", "timestamp": "1", "type": "unsupported", "errors": []}
    change = {"field": "messages", "value": {"messages": [message]}}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    raw = json.dumps(body, indent=3).encode()
    box.session.post(f"{box.address}/control/webhook", data=raw, timeout=10)
    wait(lambda: body in box.project.bodies)
    assert box.project.unsigned == 0
    box.ended(box.text("+393339998877").json()["messages"][0]["id"], "delivered")


@pytest.mark.parametrize(
    "values", [{"boh": 1}, {"delay": "x"}, {"fail_rate": 2}, {"seed": True}, {"http_status": 200}]
)
def test_wrong_settings_change_nothing(box: Any, values: dict[str, Any]) -> None:
    before = box.state()["settings"]
    answer = box.session.post(f"{box.address}/control/settings", json={"delay": 9, **values}, timeout=10)
    assert answer.status_code == 400
    assert box.state()["settings"] == before


def test_counters_and_reset(box: Any) -> None:
    for _ in range(3):
        box.template("x")
    assert box.state()["received"] == {MARIA: 3}
    box.control("reset")
    state = box.state()
    assert state["received"] == {}
    assert state["phones"][0]["chat"] == []
    assert [one["name"] for one in state["templates"]] == ["avviso"], "templates stay unless asked"


def test_the_page_hears_what_happens(box: Any) -> None:
    with requests.get(f"{box.address}/control/events", stream=True, timeout=10) as stream:
        lines = stream.iter_lines(chunk_size=1)
        next(lines)
        box.control("phones/t1/send", text="Ciao pagina")
        found = next(line for line in lines if b"Ciao pagina" in line)
    event = json.loads(found.removeprefix(b"data: "))
    assert event["phone"]["id"] == "t1"
    assert event["message"]["mine"] is True


def test_the_page_and_its_files(box: Any) -> None:
    answer = requests.get(box.address, timeout=10)
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<style" not in answer.text
    for name in ("page.css", "page.js", "wall.svg"):
        assert requests.get(f"{box.address}/static/{name}", timeout=10).ok


def test_it_runs_alone_and_stops_when_told() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"SIMULATOR_PORT": str(port), "SIMULATOR_HOST": "127.0.0.1"}
    code = "import sys, runpy; sys.modules['django'] = None\n"
    code += "runpy.run_module('whatsapp.simulator', run_name='__main__')"
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        assert f"http://127.0.0.1:{port}/" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("path", ["control/settings", f"control/phones/{MARIA}/send", "v25.0/1/messages"])
def test_another_page_in_the_same_browser_cannot_act_here(box: Any, path: str) -> None:
    answer = box.session.post(
        f"{box.address}/{path}",
        json={"type": "text", "text": "Ciao"},
        headers={"Origin": "http://evil.example"},
    )
    assert answer.status_code == 403
    own = box.session.post(f"{box.address}/control/settings", json={}, headers={"Origin": box.address})
    assert own.status_code == 200
