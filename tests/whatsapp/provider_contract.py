"""What every provider must do, over real HTTP. A new one's tests subclass `ProviderContract` and say how it
answers; see docs/writing-a-provider.md."""

import json
import logging
import re
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

from regalbuto_urp.local import free_port
from tests.factories.whatsapp import TemplateFactory
from tests.whatsapp.standin import CERTIFICATE, Answer, StandIn, full_port, running
from whatsapp import errors
from whatsapp.errors import InvalidSignature, MalformedWebhook
from whatsapp.providers import calls
from whatsapp.providers.base import Provider
from whatsapp.types import Header, Kind, OutboundMessage, Place, WebhookCall

TOKEN = "chiave-che-nessuno-deve-leggere"
SECRET = "segreto-delle-firme"
PLACE = Place(latitude=37.65, longitude=14.64, name="Municipio", address="Piazza della Repubblica 1")
NOTICE = {
    "kind": Kind.TEMPLATE,
    "template_name": "avviso_generico",
    "template_id": "HX1",
    "template_language": "it",
    "body_parameters": ("Via Roma chiusa", "Dalle 8 alle 14"),
}
PHOTO = {"media_id": "1037", "filename": "ordinanza 12.pdf"}
BUTTONS = (("sì", "Invia"), ("no", "Annulla"))
ROWS = (("buche", "Buche", "Manto stradale"), ("altro", "Altro"))
OPEN_PAGE = (("url", "12/?da=avviso è qui"), ("quick_reply", "ISCRIZIONE OFF"))
# Everything there is to say. A provider says it, or raises Unsupported; it never says something else.
SAYINGS: dict[str, dict[str, Any]] = {
    "text": {"kind": Kind.TEXT, "text": "Buongiorno"},
    "text with an address": {"kind": Kind.TEXT, "text": "Leggi https://comune.example.it/avvisi/12"},
    "answer": {"kind": Kind.TEXT, "text": "Ricevuto", "context_id": "wamid.DOMANDA"},
    "image": {"kind": Kind.IMAGE, "text": "La mappa", **PHOTO},
    "image without caption": {"kind": Kind.IMAGE, "text": "", "media_id": "1037"},
    "video": {"kind": Kind.VIDEO, "text": "Il clip", **PHOTO},
    "audio": {"kind": Kind.AUDIO, **PHOTO},
    "document": {"kind": Kind.DOCUMENT, "text": "Ordinanza", **PHOTO},
    "location": {"kind": Kind.LOCATION, "place": PLACE},
    "bare location": {"kind": Kind.LOCATION, "place": Place(latitude=37.65, longitude=14.64)},
    "buttons": {"kind": Kind.BUTTONS, "text": "Invio?", "buttons": BUTTONS},
    "list": {"kind": Kind.LIST, "text": "Che cosa?", "buttons": ROWS, "list_label": "Categorie"},
    "place request": {"kind": Kind.PLACE_REQUEST, "text": "Dove?"},
    "number request": {"kind": Kind.NUMBER_REQUEST, "text": "Il tuo numero?"},
    "template": NOTICE,
    "template without variables": {**NOTICE, "body_parameters": ()},
    "template, title": {**NOTICE, "template_header": Header.TEXT, "header_text": "Viabilità"},
    "template, image": {**NOTICE, "template_header": Header.IMAGE, **PHOTO},
    "template, video": {**NOTICE, "template_header": Header.VIDEO, **PHOTO},
    "template, document": {**NOTICE, "template_header": Header.DOCUMENT, **PHOTO},
    "template, place": {**NOTICE, "template_header": Header.LOCATION, "place": PLACE},
    "template, buttons": {**NOTICE, "button_parameters": OPEN_PAGE},
}
# Only ever received.
UNSAID = [Kind.STICKER, Kind.BUTTON_REPLY, Kind.CONTACTS, Kind.REACTION, Kind.EDIT, Kind.REVOKE,
          Kind.UNSUPPORTED, Kind.OTHER]  # fmt: skip


def outbound(**told: Any) -> OutboundMessage:
    person = {"phone": "+393401112233", "bsuid": None}
    return OutboundMessage(opaque_id="0f3a", **{"kind": Kind.TEXT, "text": "Buongiorno", **person, **told})


def everything_told(error: BaseException) -> str:
    """What a log or a page could ever show of an error and of what caused it."""
    return "".join(traceback.format_exception(error)) + repr(error) + repr(vars(error))


class ProviderContract:
    """Subclass it as `Test…`, with these and the methods that raise NotImplementedError."""

    provider_class: ClassVar[type[Provider]]
    # "METHOD /path" of the stand-in for each call; `{id}` is a file's.
    SEND: ClassVar[str]
    UPLOAD: ClassVar[str]
    ABOUT_FILE: ClassVar[str]
    TEMPLATES: ClassVar[str]
    SUBMIT: ClassVar[str]
    base_path: ClassVar[str] = ""
    unsupported: ClassVar[set[str]] = set()  # of SAYINGS

    def accepted(self, provider_id: str) -> Answer:
        raise NotImplementedError

    def refused(self, code: int, status: int = 400) -> Answer:
        raise NotImplementedError

    def authorised(self, headers: Any) -> bool:
        """Does a request show who we are, and only as it should?"""
        raise NotImplementedError

    def signed(self, body: bytes) -> dict[str, str]:
        """The headers of a webhook's call."""
        raise NotImplementedError

    def file_url(self, standin: StandIn) -> str:
        """An address for a file as the provider tells it, which leads to `/file` of the stand-in."""
        return f"{standin.url}/file"

    @pytest.fixture(autouse=True)
    def configured(self, settings: Any, standin: StandIn) -> None:
        settings.WHATSAPP_API_URL = standin.url + self.base_path
        settings.WHATSAPP_ACCESS_TOKEN, settings.WHATSAPP_APP_SECRET = TOKEN, SECRET
        settings.WHATSAPP_PHONE_NUMBER_ID, settings.WHATSAPP_WABA_ID = "106", "102"
        settings.WHATSAPP_MEDIA_HOSTS = ["127.0.0.1", "lookaside.fbsbx.com"]

    @pytest.fixture
    def standin(self) -> Iterator[StandIn]:
        with running() as started:
            started.answers[self.SEND] = self.accepted("wamid.PRESO")
            yield started

    @pytest.fixture
    def provider(self) -> Provider:
        return self.provider_class()

    @pytest.fixture
    def hurry(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(calls, "TIMEOUT", (0.3, 0.3))

    # --- Sending ----------------------------------------------------------------------------------

    @pytest.mark.parametrize("name", SAYINGS)
    def test_everything_is_said_or_refused_aloud(
        self, provider: Provider, standin: StandIn, name: str
    ) -> None:
        if name in self.unsupported:
            with pytest.raises(errors.Unsupported):
                provider.send(outbound(**SAYINGS[name]))
            assert standin.asked == []
            return
        assert provider.send(outbound(**SAYINGS[name])).provider_id == "wamid.PRESO"
        [asked] = standin.asked
        assert f"{asked.method} {asked.path}" == self.SEND
        assert self.authorised(asked.headers)
        assert "0f3a" in asked.body.decode() + str(asked.query), "the opaque id must come back in statuses"

    @pytest.mark.parametrize("kind", UNSAID)
    def test_what_nobody_can_say_is_refused_aloud(
        self, provider: Provider, standin: StandIn, kind: Kind
    ) -> None:
        with pytest.raises(errors.Unsupported) as refused:
            provider.send(outbound(kind=kind))
        assert kind.label in refused.value.text
        assert standin.asked == []

    def test_a_hidden_number_is_reached_by_its_bsuid(self, provider: Provider, standin: StandIn) -> None:
        provider.send(outbound(phone=None, bsuid="IT.777"))
        assert b"IT.777" in standin.asked[0].body

    def test_one_connection_carries_many_messages(self, provider: Provider, standin: StandIn) -> None:
        for _ in range(5):
            provider.send(outbound())
        assert (len(standin.asked), standin.connections) == (5, 1)

    # --- What may go wrong under way ----------------------------------------------------------------

    def test_nobody_listening(self, provider: Provider, settings: Any) -> None:
        settings.WHATSAPP_API_URL = f"http://127.0.0.1:{free_port()}{self.base_path}"
        with pytest.raises(errors.Transient):
            provider.send(outbound())

    def test_no_such_host(self, provider: Provider, settings: Any) -> None:
        settings.WHATSAPP_API_URL = f"http://nessuno.invalid{self.base_path}"
        with pytest.raises(errors.Transient):
            provider.send(outbound())

    def test_nobody_lets_us_in(self, provider: Provider, settings: Any, hurry: None) -> None:
        with full_port() as port:
            settings.WHATSAPP_API_URL = f"http://127.0.0.1:{port}{self.base_path}"
            with pytest.raises(errors.Transient):
                provider.send(outbound())

    @pytest.mark.parametrize("act", ["reset", "silence", "half"])
    def test_the_answer_is_lost(self, provider: Provider, standin: StandIn, act: str, hurry: None) -> None:
        standin.answers[self.SEND] = Answer({"messages": [{"id": "wamid.X"}]}, act=act)
        with pytest.raises(errors.OutcomeUnknown):
            provider.send(outbound())
        assert len(standin.asked) == 1, "never a blind retry"

    def test_a_certificate_that_is_not_theirs(self, provider: Provider, settings: Any) -> None:
        with running(tls=True) as impostor:
            settings.WHATSAPP_API_URL = impostor.url + self.base_path
            with pytest.raises(errors.Transient):
                provider.send(outbound())
            assert impostor.asked == []

    @pytest.mark.parametrize("act", ["reset", "garbage"])
    def test_the_answer_is_lost_under_tls(self, provider: Provider, settings: Any, act: str) -> None:
        """It may be a TLS error, like a certificate that is not theirs: but the message had left."""
        session = provider._http.session  # type: ignore[attr-defined]
        session.verify = str(CERTIFICATE)
        with running(tls=True) as theirs:
            theirs.answers[self.SEND] = Answer(act=act)
            settings.WHATSAPP_API_URL = theirs.url + self.base_path
            with pytest.raises(errors.OutcomeUnknown):
                provider.send(outbound())
            assert len(theirs.asked) == 1

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    def test_a_proxy_in_between_fails(self, provider: Provider, standin: StandIn, status: int) -> None:
        standin.answers[self.SEND] = Answer(b"<html>Bad gateway</html>", status)
        with pytest.raises(errors.OutcomeUnknown):
            provider.send(outbound())

    @pytest.mark.parametrize(
        "body",
        [b"", b"{", b"null", b"[]", b"[" * 50_000, {}, {"messages": []}, {"messages": [{}]}, {"messages": 3},
         {"messages": [{"id": None}]}, {"messages": [{"id": ""}]}, {"messages": [{"id": "x" * 9_999}]},
         {"messages": ["id"]}],
    )  # fmt: skip
    def test_taken_without_an_id(self, provider: Provider, standin: StandIn, body: Any) -> None:
        standin.answers[self.SEND] = Answer(body)
        with pytest.raises(errors.OutcomeUnknown):
            provider.send(outbound())

    @pytest.mark.parametrize(
        ("header", "wait"),
        [("7", timedelta(seconds=7)), ("999999", timedelta(hours=1)), ("9" * 5_000, None), ("-1", None),
         ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("", None)],
    )  # fmt: skip
    def test_too_fast(
        self, provider: Provider, standin: StandIn, header: str, wait: timedelta | None
    ) -> None:
        standin.answers[self.SEND] = Answer(b"", 429, {"Retry-After": header})
        with pytest.raises(errors.Throttled) as slow:
            provider.send(outbound())
        assert slow.value.retry_after == wait

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_key_that_is_not_good_stops_everything(
        self, provider: Provider, standin: StandIn, status: int
    ) -> None:
        standin.answers[self.SEND] = Answer(b"", status)
        with pytest.raises(errors.AccountError):
            provider.send(outbound())

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_is_not_followed(self, provider: Provider, standin: StandIn, status: int) -> None:
        with running() as other:
            standin.answers[self.SEND] = Answer({}, status, {"Location": f"{other.url}/raccolta"})
            with pytest.raises(errors.OutcomeUnknown):
                provider.send(outbound())
            assert other.asked == []

    # --- Files ------------------------------------------------------------------------------------

    @pytest.fixture
    def leaflet(self, tmp_path: Path) -> Path:
        path = tmp_path / "ordinanza.pdf"
        path.write_bytes(b"%PDF-1.7 ordinanza")
        return path

    def test_a_file_is_uploaded(self, provider: Provider, standin: StandIn, leaflet: Path) -> None:
        standin.answers[self.UPLOAD] = Answer({"id": "1037"})
        assert provider.upload(leaflet, "application/pdf") == "1037"
        [asked] = standin.asked
        assert self.authorised(asked.headers)
        assert b"%PDF-1.7 ordinanza" in asked.body
        assert b"application/pdf" in asked.body

    @pytest.mark.parametrize(
        "answer",
        [Answer(act="reset"), Answer(b"", 502), Answer(b"{"), Answer({}), Answer({"id": ""}),
         Answer({"id": None}), Answer({"id": []})],
    )  # fmt: skip
    def test_an_upload_that_fails_leaves_no_doubt(
        self, provider: Provider, standin: StandIn, leaflet: Path, answer: Answer
    ) -> None:
        standin.answers[self.UPLOAD] = answer
        with pytest.raises(errors.Transient):
            provider.upload(leaflet, "application/pdf")

    def offer(self, standin: StandIn, content: Answer, **about: Any) -> None:
        told = {"url": self.file_url(standin), "mime_type": "image/jpeg", "file_size": "5", **about}
        standin.answers[self.ABOUT_FILE] = Answer(told)
        standin.answers["GET /file"] = content

    def test_a_file_is_fetched(self, provider: Provider, standin: StandIn) -> None:
        self.offer(standin, Answer(b"jpeg!"))
        fetched = provider.fetch("1038", limit=5)
        assert (fetched.content, fetched.mime_type) == (b"jpeg!", "image/jpeg")
        assert all(self.authorised(asked.headers) for asked in standin.asked)

    def test_a_file_announced_too_large_is_not_begun(self, provider: Provider, standin: StandIn) -> None:
        self.offer(standin, Answer(b"jpeg!"), file_size="6")
        with pytest.raises(errors.MessageError):
            provider.fetch("1038", limit=5)
        assert len(standin.asked) == 1

    @pytest.mark.parametrize("announced", ["3", 0, None, "molto", "9" * 5_000, -1])
    def test_a_file_that_lies_about_its_size_is_cut_off(
        self, provider: Provider, standin: StandIn, announced: Any
    ) -> None:
        self.offer(standin, Answer(b"x" * 1_000_000), file_size=announced)
        with pytest.raises(errors.MessageError) as refused:
            provider.fetch("1038", limit=5)
        assert refused.value.code == "size"

    @pytest.mark.parametrize(
        "content", [Answer(b"", 404), Answer(b"", 401), Answer(b"", 302, {"Location": "http://127.0.0.1/"}),
                    Answer(b"jpeg!", act="half"), Answer(b"", act="reset")]
    )  # fmt: skip
    def test_a_file_that_is_not_there_or_not_whole_is_asked_for_again(
        self, provider: Provider, standin: StandIn, content: Answer
    ) -> None:
        self.offer(standin, content)
        with pytest.raises(errors.Transient):
            provider.fetch("1038", limit=100)

    @pytest.mark.parametrize(
        "url",
        ["https://ladro.example/file", "https://lookaside.fbsbx.com.ladro.example/f", "", "file:///etc/passwd",
         "http://lookaside.fbsbx.com/in-chiaro", "https://127.0.0.1@ladro.example/", "http://[", "//ladro/",
         "ftp://lookaside.fbsbx.com/f"],
    )  # fmt: skip
    def test_the_key_is_not_shown_to_others(self, provider: Provider, standin: StandIn, url: str) -> None:
        self.offer(standin, Answer(b"jpeg!"), url=url)
        with pytest.raises(errors.MessageError) as refused:
            provider.fetch("1038", limit=5)
        assert refused.value.code == "host"
        assert len(standin.asked) == 1

    # --- Templates --------------------------------------------------------------------------------

    def template_pages(self) -> tuple[list[Answer], list[tuple[str, str]]]:
        """Two pages with `avviso` and `allerta`, and what the second request must have in its query."""
        raise NotImplementedError

    def test_all_pages_of_the_templates(self, provider: Provider, standin: StandIn) -> None:
        pages, query = self.template_pages()
        standin.answers[self.TEMPLATES] = [*pages]
        found = provider.list_templates()
        assert [(row.name, row.language, row.state, row.category) for row in found] == [
            ("avviso", "it", "APPROVED", "utility"),
            ("allerta", "it", "REJECTED", "marketing"),
        ]
        assert (found[0].provider_id, found[0].reason) == ("546", "")
        assert found[1].reason == "contenuto promozionale"
        assert [(name, standin.asked[1].query[name][0]) for name, _ in query] == query
        assert all(TOKEN not in asked.path + str(asked.query) for asked in standin.asked)

    @pytest.mark.django_db
    def test_a_template_is_submitted(self, provider: Provider, standin: StandIn) -> None:
        standin.answers[self.SUBMIT] = Answer({"id": "547", "status": "PENDING", "category": "UTILITY"})
        row = provider.submit_template(TemplateFactory(name="avviso_nuovo"))
        assert (row.provider_id, row.name, row.state) == ("547", "avviso_nuovo", "PENDING")
        assert b"avviso_nuovo" in standin.asked[0].body

    # --- The other calls --------------------------------------------------------------------------

    def test_blue_ticks(self, provider: Provider, standin: StandIn) -> None:
        standin.answers[self.SEND] = Answer({"success": True})
        provider.mark_read("wamid.LETTO")
        assert b"wamid.LETTO" in standin.asked[0].body

    def other_calls(self, provider: Provider, leaflet: Path) -> list[Callable[[], object]]:
        return [
            lambda: provider.mark_read("wamid.X"),
            lambda: provider.upload(leaflet, "application/pdf"),
            lambda: provider.fetch("1038", limit=5),
            provider.list_templates,
        ]

    def test_only_sending_leaves_a_doubt(self, provider: Provider, standin: StandIn, leaflet: Path) -> None:
        for path in (self.SEND, self.UPLOAD, self.ABOUT_FILE, self.TEMPLATES):
            standin.answers[path] = Answer(b"<html>", 502)
        for call in self.other_calls(provider, leaflet):
            with pytest.raises(errors.Transient):
                call()

    # --- Secrets ----------------------------------------------------------------------------------

    def test_secrets_are_in_no_error_and_no_log(
        self,
        provider: Provider,
        standin: StandIn,
        leaflet: Path,
        caplog: pytest.LogCaptureFixture,
        settings: Any,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        told = []
        failing = [
            self.refused(190, 401),
            self.refused(131026),
            Answer(act="reset"),
            Answer(TOKEN.encode(), 502),
        ]
        for answer in failing:
            for path in (self.SEND, self.UPLOAD, self.ABOUT_FILE, self.TEMPLATES):
                standin.answers[path] = answer
            for call in [lambda: provider.send(outbound()), *self.other_calls(provider, leaflet)]:
                with pytest.raises(errors.ChannelError) as failed:
                    call()
                told.append(everything_told(failed.value))
        body = b"{}"
        with pytest.raises(InvalidSignature) as forged:
            provider.verify(WebhookCall(headers={}, body=body))
        told += [everything_told(forged.value), repr(provider), repr(vars(provider)), caplog.text]
        expected = [value.split("=")[-1] for value in self.signed(body).values()]
        for secret in [TOKEN, SECRET, *expected]:
            assert not any(secret in text for text in told)

    # --- Webhooks ---------------------------------------------------------------------------------

    def test_a_signed_call_is_theirs(self, provider: Provider) -> None:
        body = b'{"object":"whatsapp_business_account","entry":[]}'
        provider.verify(WebhookCall(headers=self.signed(body), body=body))

    @pytest.mark.parametrize("spoil", [
        lambda value: "", lambda value: value[:-1], lambda value: value[:20], lambda value: value + "0",
        lambda value: value[:-1] + ("1" if value[-1] == "0" else "0"), lambda value: "sha256=",
        lambda value: "é", lambda value: "\udcff", lambda value: re.sub(".", "0", value),
    ])  # fmt: skip
    def test_a_spoilt_signature_is_refused(self, provider: Provider, spoil: Callable[[str], str]) -> None:
        body = b'{"entry":[]}'
        headers = {name: spoil(value) for name, value in self.signed(body).items()}
        with pytest.raises(InvalidSignature):
            provider.verify(WebhookCall(headers=headers, body=body))

    def test_an_unsigned_call_is_refused(self, provider: Provider) -> None:
        with pytest.raises(InvalidSignature):
            provider.verify(WebhookCall(headers={}, body=b"{}"))

    def test_without_secrets_nothing_is_believed(self, provider: Provider, settings: Any) -> None:
        settings.WHATSAPP_APP_SECRET = settings.WHATSAPP_VERIFY_TOKEN = ""
        with pytest.raises(InvalidSignature):
            provider.verify(WebhookCall(headers=self.signed(b"{}"), body=b"{}"))
        assert provider.challenge({"hub.mode": "subscribe", "hub.verify_token": ""}) is None

    @pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 100_000, b"null", b'{"entry": 3}'])
    def test_what_it_never_sends_is_malformed(self, provider: Provider, body: bytes) -> None:
        with pytest.raises(MalformedWebhook):
            provider.parse(body)

    @pytest.mark.parametrize("space", [(",", ":"), (", ", ": "), (" , ", " :\n ")])
    def test_citizens_are_told_from_receipts(self, provider: Provider, space: tuple[str, str]) -> None:
        def carries(value: Any) -> bool:
            body = json.dumps({"entry": [{"changes": [{"value": value}]}]}, separators=space)
            return provider.sender_of(WebhookCall(headers={}, body=body.encode())) is not None

        assert carries({"messages": [{}]})
        assert not carries({"statuses": [{"id": "messages"}]})
        assert not carries({"statuses": [{"id": '"messages":['}]})
