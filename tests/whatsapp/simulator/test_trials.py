"""Trials beyond plain faults: quality, limits, identity, account news, batches, files (fact sheet 11)."""

from typing import Any

import pytest

MARIA, SALVO = "+393401112201", "IT.13491208655302741918"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


def code_of(answer: Any) -> int:
    return int(answer.json()["error"]["code"]) if answer.status_code != 200 else 0


def id_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.text
    return str(answer.json()["messages"][0]["id"])


def news(box: Any, field: str) -> list[dict[str, Any]]:
    changes = [change for body in box.project.bodies for change in body["entry"][0]["changes"]]
    return [change["value"] for change in changes if change["field"] == field]


def test_held_and_released(box: Any) -> None:
    box.control("settings", hold_rate=1, hold_seconds=0.3)
    answer = box.template("x")
    assert answer.json()["messages"][0]["message_status"] == "held_for_quality_assessment"
    assert [one["status"] for one in box.ended(id_of(answer))] == ["sent", "delivered", "read"]


def test_held_and_dropped(box: Any, wait: Any) -> None:
    box.control("settings", hold_rate=1, hold_seconds=0.1, hold_drops=True)
    statuses = box.ended(id_of(box.template("x")), "failed")
    assert statuses[0]["errors"][0]["code"] == 132015
    wait(lambda: [one["event"] for one in news(box, "message_template_status_update")] == ["PAUSED"])
    assert code_of(box.template("x")) == 132015


def test_read_without_delivered(box: Any) -> None:
    box.control("settings", skip_delivered_rate=1)
    statuses = box.ended(id_of(box.template("x")))
    assert [one["status"] for one in statuses] == ["sent", "read"]
    assert "pricing" in statuses[1]
    assert box.phone()["chat"], "it arrived all the same"


def test_people_in_24_hours(box: Any) -> None:
    box.write("Ciao")
    box.control("settings", tier=2)
    numbers = [f"+39340555000{n}" for n in range(3)]
    assert [code_of(box.template("x", to=to)) for to in numbers] == [0, 0, 131048]
    assert code_of(box.template("x", to=numbers[0])) == 0, "the same person does not count twice"
    assert code_of(box.template("x")) == 0, "an open window does not count"
    limit = box.graph("GET", "106540352242922").json()["whatsapp_business_manager_messaging_limit"]
    assert limit == "TIER_50"


def test_updates_in_one_post(box: Any, wait: Any) -> None:
    box.control("settings", batch_seconds=0.4, delay=0)
    for n in range(5):
        box.control(f"phones/t{n % 3 + 1}/send", text=str(n))
    box.template("x")
    box.template("x", to="+39000131026")
    wait(lambda: len(box.project.values("messages")) == 5 and len(box.project.values("statuses")) >= 4)
    (first, *_) = box.project.bodies
    kinds = [
        sorted({"messages", "statuses", "contacts"} & set(c["value"])) for c in first["entry"][0]["changes"]
    ]
    assert kinds == [["contacts", "messages"], ["contacts", "statuses"], ["statuses"]]
    assert len(first["entry"][0]["changes"][0]["value"]["contacts"]) == 3
    wait(lambda: box.phone()["chat"][0]["ticks"] == 2)


def test_the_same_batch_again_after_a_refusal(box: Any, wait: Any) -> None:
    box.control("settings", batch_seconds=0.1)
    box.project.answers = [500]
    box.control("phones/t1/send", text="Ciao")
    wait(lambda: box.phone()["chat"][0]["ticks"] == 2)
    assert len(box.project.values("messages")) == 1


def test_addresses_expire_and_files_are_lost(box: Any) -> None:
    file_id = box.upload(PNG, "image/png").json()["id"]
    url = box.graph("GET", file_id).json()["url"]
    box.control("settings", media_fail_rate=1)
    assert box.session.get(url, timeout=10).status_code == 404
    box.control("settings", media_fail_rate=0)
    assert box.session.get(url, timeout=10).status_code == 200
    box.control("media")
    assert box.session.get(url, timeout=10).status_code == 404
    fresh = box.graph("GET", file_id).json()["url"]
    assert box.session.get(fresh, timeout=10).status_code == 200
    box.control("settings", media_url_seconds=0)
    assert box.session.get(box.graph("GET", file_id).json()["url"], timeout=10).status_code == 404
    box.control("media", lose=True)
    assert code_of(box.graph("GET", file_id)) == 100


# Identity


def test_a_number_is_hidden_and_told_again(box: Any) -> None:
    bsuid = box.phone()["bsuid"]
    phone = box.control("phones/t1/identity", hidden=True)
    assert (phone["number"], phone["own_number"], phone["message"]) == (None, MARIA, None)
    message = box.write("Ciao")
    assert ("from" in message, message["from_user_id"]) == (False, bsuid)
    assert "wa_id" not in box.project.values("contacts")[0]
    # Written to at the number, the statuses tell it; at the BSUID, they do not (fact sheet 4.4).
    assert "recipient_id" in box.ended(id_of(box.template("x")))[0]
    assert "recipient_id" not in box.ended(id_of(box.template("x", to=bsuid)))[0]
    assert box.control("phones/t1/identity", hidden=False)["number"] == MARIA
    assert box.write("Rieccomi")["from"] == MARIA[1:]


def test_sharing_the_number_makes_it_known(box: Any) -> None:
    box.control("phones/t4/send", text="Ciao")
    number = box.phone("t4")["own_number"]
    sent = box.control("phones/t4/send", type="contacts", number=number, message="wamid.X")["id"]
    contact = box.received(sent)["contacts"][0]
    assert (contact["origin"], contact["phones"][0]["wa_id"]) == ("contact_request", number[1:])
    assert box.received(sent)["context"]["id"] == "wamid.X"
    assert box.write("Ancora", phone="t4")["from"] == number[1:]


def test_only_the_bsuid_changes(box: Any) -> None:
    before = box.phone("t4")["bsuid"]
    changed = box.control("phones/t4/identity", number=None)
    message = box.received(changed["message"])
    assert "from" not in message
    assert message["system"] | {"body": ""} == {
        "type": "user_changed_user_id",
        "user_id": changed["bsuid"],
        "previous_user_id": before,
        "body": "",
    }
    assert box.ended(id_of(box.template("x", to=before)), "failed")[0]["errors"][0]["code"] == 131026
    assert "contacts" not in box.project.bodies[0]["entry"][0]["changes"][0]["value"]


def test_a_recycled_number(box: Any) -> None:
    old = box.phone()["bsuid"]
    box.control("phones/t1/identity", number="+393401112288")
    assert box.ended(id_of(box.template("x")), "failed")[0]["errors"][0]["code"] == 131026, "nobody has it"
    taken = box.control("phones/t2/identity", number=MARIA)
    assert box.write("Ho un numero nuovo", phone="t2")["from"] == MARIA[1:]
    assert taken["bsuid"] not in {old, box.phone()["bsuid"]}
    box.ended(id_of(box.template("x")), "delivered")
    # From somebody who still had it.
    box.control("phones/t3/identity", number=MARIA)
    assert box.phone("t2")["number"] is None
    assert "from" not in box.write("E io?", phone="t2")


def test_a_username_is_told_with_the_next_message(box: Any) -> None:
    box.control("phones/t1/identity", username="maria.r")
    sent = id_of(box.template("x"))
    box.write("Ciao")
    assert box.project.values("contacts")[-1]["profile"] == {"name": "Maria Rossi", "username": "maria.r"}
    box.ended(sent)
    values = [c["value"] for body in box.project.bodies for c in body["entry"][0]["changes"]]
    told = {
        status["status"]: {"profile" in one for one in value["contacts"]}
        for value in values
        for status in value.get("statuses", [])
        if len(value["statuses"]) == 1
    }
    assert told.get("sent", {False}) == {False}
    assert told.get("read", {True}) == {True}


# What citizens do besides writing


def test_editing_and_deleting(box: Any, wait: Any) -> None:
    first = box.control("phones/t1/send", text="Buca in via Rma")["id"]
    edit = box.received(
        box.control("phones/t1/send", type="edit", message=first, text="Buca in via Roma")["id"]
    )
    assert edit["edit"] == {
        "original_message_id": first,
        "message": {"type": "text", "text": {"body": "Buca in via Roma"}},
    }
    assert (box.phone()["chat"][0]["text"], box.phone()["chat"][0]["edited"]) == ("Buca in via Roma", True)
    revoke = box.received(box.control("phones/t1/send", type="revoke", message=first)["id"])
    assert revoke["revoke"] == {"original_message_id": first}
    assert [one["kind"] for one in box.phone()["chat"]] == ["revoke"]
    box.template("x")
    wait(lambda: len(box.phone()["chat"]) == 2)
    theirs = box.phone()["chat"][1]["id"]
    for wrong in (theirs, "wamid.X"):
        body = {"type": "revoke", "message": wrong}
        answer = box.session.post(f"{box.address}/control/phones/t1/send", json=body, timeout=10)
        assert answer.status_code == 400


def test_what_cannot_be_read(box: Any) -> None:
    poll = box.received(box.control("phones/t1/send", type="unsupported", what="poll")["id"])
    assert (poll["unsupported"], poll["errors"][0]["code"]) == ({"type": "poll"}, 131051)
    once = box.received(box.control("phones/t1/send", type="unsupported", what="view_once")["id"])
    assert once["errors"][0]["code"] == 131060
    order = {"type": "order", "order": {"catalog_id": "1", "product_items": []}}
    assert box.received(box.control("phones/t1/send", type="other", content=order)["id"])["order"]
    forwarded = box.received(box.control("phones/t1/send", text="Inoltro", forwarded=True)["id"])
    assert forwarded["context"] == {"forwarded": True}


def test_no_more_promotions(box: Any, wait: Any) -> None:
    box.create(name="festa", category="MARKETING")
    box.control("phones/t1/marketing", wanted=False)
    wait(lambda: news(box, "user_preferences"))
    (choice,) = news(box, "user_preferences")[0]["user_preferences"]
    assert (choice["value"], choice["wa_id"], choice["category"]) == ("stop", MARIA[1:], "marketing_messages")
    failed = box.ended(id_of(box.template("x", name="festa")), "failed")
    assert failed[0]["errors"][0]["code"] == 131050
    box.ended(id_of(box.template("x")))
    box.control("phones/t1/marketing", wanted=True)
    box.ended(id_of(box.template("x", name="festa")))


# News of the account


def test_news_of_a_template_are_true(box: Any, wait: Any) -> None:
    about = {"message_template_name": "avviso", "message_template_language": "it"}
    box.control("account", field="template_category_update", value={**about, "new_category": "MARKETING"})
    box.control(
        "account", field="message_template_quality_update", value={**about, "new_quality_score": "RED"}
    )
    box.control("account", field="message_template_status_update", value={**about, "event": "REJECTED"})
    (template,) = box.graph("GET", "102290129340398/message_templates").json()["data"]
    assert (template["category"], template["status"]) == ("MARKETING", "REJECTED")
    assert template["quality_score"]["score"] == "RED"
    assert code_of(box.template("x")) == 132001
    wait(lambda: news(box, "message_template_status_update"))
    assert news(box, "template_category_update")[0]["previous_category"] == "UTILITY"
    assert news(box, "message_template_quality_update")[0]["previous_quality_score"] == "GREEN"
    advance = {**about, "new_category": "MARKETING", "correct_category": "UTILITY"}
    box.control("account", field="template_category_update", value=advance)
    assert box.graph("GET", "102290129340398/message_templates").json()["data"][0]["category"] == "MARKETING"


def test_a_ban_and_a_new_limit(box: Any, wait: Any) -> None:
    ban = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}
    box.control("account", field="account_update", value=ban)
    assert code_of(box.template("x")) == 131031
    box.control("account", field="account_update", value={**ban, "ban_info": {"waba_ban_state": "REINSTATE"}})
    assert code_of(box.template("x")) == 0
    limit = {"event": "ONBOARDING", "max_daily_conversations_per_business": "TIER_2K"}
    told = box.control("account", field="phone_number_quality_update", value=limit)
    assert told["display_phone_number"] == "393665340900"
    box.control("settings", quality="RED")
    health = box.graph("GET", "106540352242922").json()
    assert (health["quality_rating"], health["whatsapp_business_manager_messaging_limit"]) == (
        "RED",
        "TIER_2K",
    )
    wait(lambda: len(news(box, "account_update")) == 2)
    assert news(box, "account_update")[0] == ban


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"field": "account_update"},
        {"field": "template_category_update", "value": {"message_template_name": "boh"}},
    ],
)
def test_news_that_make_no_sense(box: Any, wrong: dict[str, Any]) -> None:
    answer = box.session.post(f"{box.address}/control/account", json=wrong, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_every_setting_has_its_words(box: Any) -> None:
    table = box.session.get(f"{box.address}/control/settings", timeout=10).json()["settings"]
    assert {row["name"]: row["value"] for row in table} == box.state()["settings"]
    assert all(row["group"] and row["label"] for row in table)


def test_a_reaction_is_only_sent(box: Any, wait: Any) -> None:
    message = box.write("Ciao")
    sent = id_of(box.post(type="reaction", reaction={"message_id": message["id"], "emoji": "✅"}))
    wait(lambda: box.phone()["chat"][0].get("reaction") == "✅")
    box.quiet()
    assert [one["status"] for one in box.project.statuses(sent)] == ["sent"]
