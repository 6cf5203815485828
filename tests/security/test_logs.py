"""No number, name, address, token or message id in a log line or in the broker."""

import base64
import hashlib
import hmac
import io
import json
import logging
import os
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery import current_app
from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests.factories.whatsapp import ContactFactory, InboundMessageFactory
from whatsapp.logs import MaskingFormatter, masked
from whatsapp.models import Contact, Message

NUMBER, NAME, MAIL = "+393401110080", "Maria Rossi Bellomo", "maria.rossi@example.org"
BSUID, TOKEN = "IT.13491208655302741918", "qMMkZ5KZ_un-gettone"
MESSAGE_ID = "wamid.HBgMMzkzNDAxMTEwMDgwFQIAEhg+/x=="
SECRET_TEXTS = [
    NUMBER, NUMBER[1:], NUMBER[3:], "340 111 0080", "+39 340 1110080", "+39 340-111-0080", "340/1110080",
    MAIL, BSUID, "IT.ENT.13491208655302741918", MESSAGE_ID, MESSAGE_ID.replace("+", "-").replace("/", "_"),
    MESSAGE_ID.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"), MESSAGE_ID.removeprefix("wamid."),
    MESSAGE_ID.replace("wamid", "WAMID"), base64.b64encode(b"\x1c\x18\x0c" + b"393401110080" * 2).decode(),
]  # fmt: skip


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the project's own handler writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    line = settings.LOGGING["formatters"]["line"]["format"]
    handler.setFormatter(MaskingFormatter(line))
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


@pytest.mark.parametrize("secret", SECRET_TEXTS)
@pytest.mark.parametrize("around", ["{}", "sent to {}, twice", "({})", "'{}'", "a={}&b=1", "/x/{}/"])
def test_what_identifies_a_person_is_masked_in_a_message(secret: str, around: str) -> None:
    text = masked(around.format(secret))
    assert secret not in text
    assert not re.search(r"\d{4}", text)


@pytest.mark.parametrize(
    "text",
    [
        "message 1234 could not be handled",
        "WhatsApp answered with error 131047",
        "Task whatsapp.process_messages raised unexpected: ValueError('nothing')",
        'File "/srv/whatsurp/whatsapp/inbox.py", line 265, in handle',
        'duplicate key value violates unique constraint "whatsapp_contact_phone_key"',
        "2026-11-30 18:48:14 started",
    ],
)
def test_what_identifies_nobody_stays(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    "text",
    [
        f"Forbidden (CSRF cookie not set.): /segnalazioni/{TOKEN}/",
        f"GET https://sito/segnalazioni/{TOKEN}/?voto=5",
        f"Not Found: /password/MTI/{TOKEN}/",
        f"Authorization: Bearer {TOKEN}",
        f"GET /webhooks/cloud_api/?hub.verify_token={TOKEN}&hub.challenge=1",
        f"https://graph.facebook.com/debug?access_token={TOKEN}",
    ],
)
def test_tokens_are_masked(text: str) -> None:
    assert TOKEN not in masked(text)


def test_a_stranger_writes_no_line_and_no_colour_of_their_own() -> None:
    assert "\x1b" not in masked("Not Found: /\x1b[31mrosso")
    assert masked("a\u2028b") == "a?b"


@given(st.text(max_size=2000))
def test_any_text_can_be_masked(text: str) -> None:
    assert not re.search(r"\d{8}", masked(text))


def test_a_line_that_cannot_be_written_does_not_show_its_arguments() -> None:
    record = logging.LogRecord("whatsapp", logging.WARNING, "", 7, "%d messages", (NUMBER,), None)
    line = MaskingFormatter().format(record)
    assert NUMBER not in line
    assert "wrong arguments" in line


@pytest.mark.django_db
class TestQuotedByTheDatabase:
    """PostgreSQL quotes whole rows in its errors, several lines of them if a citizen wrote several."""

    def failing(self, name: str) -> None:
        contact = ContactFactory(phone=NUMBER, profile_name=name)
        with transaction.atomic():
            Contact.objects.filter(pk=contact.pk).update(phone=None, bsuid=None, profile_name=name)

    @pytest.mark.parametrize("name", [NAME, f"{NAME}\n\nsu tre righe\nTanti saluti {NAME}"])
    def test_a_failing_row_is_not_shown(self, log: io.StringIO, name: str) -> None:
        try:
            self.failing(name)
        except IntegrityError:
            logging.getLogger("whatsapp").exception("message %s could not be handled", 12)
        lines = log.getvalue()
        assert "IntegrityError" in lines
        assert "violates check constraint" in lines
        assert "Failing row" not in lines
        assert "Rossi" not in lines
        assert "1110080" not in lines

    def test_a_failing_row_is_not_shown_where_celery_quotes_it_on_one_line(self, log: io.StringIO) -> None:
        with pytest.raises(IntegrityError) as caught:
            self.failing(NAME)
        logging.getLogger("celery.app.trace").error("Task x[1] raised unexpected: %r", caught.value)
        assert "raised unexpected: IntegrityError" in log.getvalue()
        assert "Rossi" not in log.getvalue()

    def test_the_error_behind_an_error_is_still_shown(self, log: io.StringIO) -> None:
        try:
            try:
                self.failing(NAME)
            except IntegrityError as error:
                raise RuntimeError("the one that counts") from error
        except RuntimeError:
            logging.getLogger("whatsapp").exception("failed")
        assert "the one that counts" in log.getvalue()
        assert "Rossi" not in log.getvalue()

    def test_a_piece_of_the_query_is_not_shown(self, log: io.StringIO) -> None:
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT %s::int", [NAME])
        except DataError:
            logging.getLogger("whatsapp").exception("failed")
        assert "invalid input syntax" in log.getvalue()
        assert "Rossi" not in log.getvalue()

    def test_the_stack_is_masked_too(self, log: io.StringIO) -> None:
        logging.getLogger("whatsapp").warning("where", stack_info=True)
        formatter = MaskingFormatter()
        assert NUMBER not in formatter.formatStack(f"  File x, line 1\n    call('{NUMBER}')")


@pytest.fixture(autouse=True)
def registered() -> None:
    """Every task, as a worker has it."""
    current_app.loader.import_default_modules()


def break_a_row(message: Message) -> bool:
    """A handler that fails as a program does, with the person's row in the error."""
    Contact.objects.filter(pk=message.contact_id).update(phone=None, bsuid=None)
    return True


def webhook(client: Client) -> Any:
    """A citizen writes, from a number and with a name."""
    message = {"from": NUMBER[1:], "id": MESSAGE_ID, "timestamp": "1790000000", "type": "text"}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {
            "phone_number_id": settings.WHATSAPP_PHONE_NUMBER_ID,
            "display_phone_number": "393665340900",
        },
        "contacts": [{"wa_id": NUMBER[1:], "user_id": BSUID, "profile": {"name": NAME}}],
        "messages": [{**message, "text": {"body": f"Sono {NAME}, {MAIL}"}}],
    }
    entry = {"id": settings.WHATSAPP_WABA_ID, "changes": [{"field": "messages", "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    signature = hmac.new(settings.WHATSAPP_APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={signature}"}
    return client.post("/webhooks/cloud_api/", body, content_type="application/json", headers=headers)


def contents(server: Any, key: str) -> Iterator[str]:
    match server.type(key):
        case "list":
            yield from server.lrange(key, 0, -1)
        case "set":
            yield from server.smembers(key)
        case "hash":
            yield from server.hgetall(key).values()
        case "string":
            yield server.get(key)


def in_the_broker() -> str:
    """Every key of Redis with what it holds, queued tasks readable."""
    path = re.findall(r"socket://([^?]+)\?", os.environ["CELERY_BROKER_URL"])[0]
    texts = []
    for database in range(2):  # the queues, and the cache
        server = redis.Redis(
            unix_socket_path=path, db=database, decode_responses=True, encoding_errors="replace"
        )
        for key in server.scan_iter():
            texts += [key, *contents(server, key)]
    bodies = [body for text in texts for body in re.findall(r'"body": "([^"]+)"', text)]
    return "\n".join([*texts, *(base64.b64decode(body).decode(errors="replace") for body in bodies)])


def shown(text: str) -> list[str]:
    secrets = [NUMBER[1:], NUMBER[3:], BSUID, MESSAGE_ID, MAIL, *NAME.split()]
    return [secret for secret in secrets if secret in text]


@pytest.mark.django_db
@pytest.mark.parametrize("handler", ["tests.security.test_logs.break_a_row", "subscribers.inbound.handle"])
def test_a_citizens_message_leaves_nothing_in_the_log_nor_in_the_broker(
    client: Client, log: io.StringIO, django_capture_on_commit_callbacks: Any, settings: Any, handler: str
) -> None:
    settings.INBOUND_HANDLERS = [handler]
    with django_capture_on_commit_callbacks(execute=True):
        assert webhook(client).status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        current_app.tasks["whatsapp.process_messages"].apply()
    message = Message.objects.get(provider_id=MESSAGE_ID)
    assert (message.handled_at is None) == ("could not be handled" in log.getvalue())
    assert shown(log.getvalue()) == []
    queued = in_the_broker()
    assert ("whatsapp.mark_read" in queued) or message.handled_at is None
    assert shown(queued) == []


@pytest.mark.django_db
def test_a_task_that_fails_shows_no_row(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery itself writes this line, and the traceback below it."""
    message = InboundMessageFactory(contact__phone=NUMBER, contact__profile_name=NAME)
    monkeypatch.setattr("whatsapp.tasks.registry.current", lambda: break_a_row(message))
    result = current_app.tasks["whatsapp.mark_read"].apply([message.pk])
    assert result.failed()
    assert "whatsapp.mark_read" in log.getvalue()
    assert "IntegrityError" in log.getvalue()
    assert shown(log.getvalue()) == []


@pytest.mark.django_db
def test_a_message_is_marked_read_by_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    marked: list[str] = []
    provider = SimpleNamespace(mark_read=marked.append)
    monkeypatch.setattr("whatsapp.tasks.registry.current", lambda: provider)
    task = current_app.tasks["whatsapp.mark_read"]
    message = InboundMessageFactory(provider_id=MESSAGE_ID)
    task.apply([message.pk]).get()
    task.apply([message.pk + 1]).get()  # it has expired meanwhile
    assert marked == [MESSAGE_ID]


def test_a_request_that_is_refused_is_one_line() -> None:
    record = logging.LogRecord("django.request", logging.WARNING, "", 1, "Forbidden: /admin/", (), None)
    record.exc_info = (PermissionError, PermissionError("no"), None)
    assert MaskingFormatter("%(message)s").format(record) == "Forbidden: /admin/"
