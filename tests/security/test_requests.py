"""What a stranger may send in an address, a cookie or a header, and what every answer carries."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.test import Client

from broadcasts.models import Broadcast
from regalbuto_urp.bodies import MeasuredBodies
from regalbuto_urp.middleware import NOTHING_ALLOWED
from tests.regalbuto_urp import walk
from tests.security.conftest import HOST
from whatsapp.logs import MaskingFormatter
from whatsapp.models import Media
from whatsapp.types import Kind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("production")]
FROM_PROXY = {"host": HOST, "x-forwarded-proto": "https", "x-forwarded-for": "93.34.1.2"}


def stranger() -> Client:
    return Client(raise_request_exception=False, headers=FROM_PROXY)


@pytest.mark.parametrize(
    "path", ["/", "/avvisi/", "/admin/", "/admin/login/", "/salute/", "/segnalazioni/x/"]
)
@pytest.mark.parametrize("character", ["%00", "%01", "%1b", "%7f"])
def test_control_characters_are_refused_wherever_they_stand(path: str, character: str) -> None:
    asked = [f"{path}{character}", f"{path}?pagina={character}", f"{path}?{character}=1"]
    assert [stranger().get(address).status_code for address in asked] == [400] * 3


@pytest.mark.parametrize("name", ["sessionid", "csrftoken", "messages", "known_browser"])
def test_a_cookie_with_nul_is_refused(name: str) -> None:
    """The browser's own spelling: quoted, the character in octal."""
    answer = stranger().get("/admin/", headers={"cookie": f'{name}="\\000aaaaaaaaaa"'})
    assert answer.status_code == 400
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_form_with_nul_is_refused() -> None:
    form = "username=a%00&password=b"
    answer = stranger().post("/admin/login/", form, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 400


def test_text_of_several_lines_is_no_control_character(enter: Any) -> None:
    client = enter(User.objects.create_superuser("capo", password="una-parola-lunga"))
    assert client.get("/admin/broadcasts/broadcast/add/?text=riga%0D%0Aaltra%09riga").status_code == 200


def test_every_list_of_the_admin_refuses_nul(enter: Any) -> None:
    walk.world()
    client = enter(User.objects.create_superuser("capo", password="una-parola-lunga"))
    client.raise_request_exception = False
    lists = [walk.address(written, name) for written, name in walk.patterns() if name.endswith("_changelist")]
    assert len(lists) > 20
    for path in lists:
        for query in ("state=%00", "q=%00", "o=%00", "p=%00"):
            assert client.get(f"{path}?{query}").status_code == 400, (path, query)


@pytest.fixture
def clip(settings: Any, tmp_path: Path) -> str:
    """The address of a published file of 200,000 bytes."""
    settings.MEDIA_ROOT = tmp_path
    walk.world()
    media = Media.objects.create(
        kind=Kind.VIDEO, status=Media.Status.FETCHED, inbound=False, mime_type="video/mp4", size=200_000
    )
    media.file.save("clip.mp4", ContentFile(bytes(range(250)) * 800))
    notice = Broadcast.objects.get(state="completed")
    Broadcast.objects.filter(pk=notice.pk).update(media=media)
    return f"/avvisi/{notice.pk}/file/"


@pytest.mark.parametrize("start", ["0", "9" * 15, "9" * 16, "9" * 5000])
@pytest.mark.parametrize("end", ["", "5", "9" * 15, "9" * 5000])
def test_no_range_is_an_error_of_ours(clip: str, start: str, end: str) -> None:
    answer = stranger().get(clip, headers={"range": f"bytes={start}-{end}"})
    assert answer.status_code in (200, 206, 416)


def test_a_range_is_streamed_in_small_pieces(clip: str) -> None:
    answer = stranger().get(clip, headers={"range": "bytes=10-199989"})
    assert (answer.status_code, answer["Content-Length"]) == (206, "199980")
    pieces = list(answer.streaming_content)
    assert max(map(len, pieces)) <= 65536
    assert b"".join(pieces) == (bytes(range(250)) * 800)[10:199_990]


def test_static_files_carry_the_same_headers_as_pages(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "public.css").write_text("body {}")
    answer = stranger().get("/static/public.css")
    assert answer.status_code == 200
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["Permissions-Policy"] == NOTHING_ALLOWED


def test_a_forged_host_is_refused_with_the_headers_of_every_answer() -> None:
    answer = Client(raise_request_exception=False, headers={**FROM_PROXY, "host": "evil.example"}).get(
        "/avvisi/"
    )
    assert answer.status_code == 400
    for name, value in {"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff"}.items():
        assert answer[name] == value


def test_a_large_body_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    answer = stranger().post("/webhooks/cloud_api/", b"x" * 4_200_000, content_type="application/json")
    assert answer.status_code == 400
    [record] = [record for record in caplog.records if record.name.startswith("django.security")]
    assert "\n" not in MaskingFormatter().format(record)


def test_who_comes_past_the_proxy_cannot_say_that_it_came_through() -> None:
    client = Client(headers=FROM_PROXY, REMOTE_ADDR="198.51.100.9")
    answer = client.get("/avvisi/")
    assert (answer.status_code, answer["Location"]) == (301, f"https://{HOST}/avvisi/")


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, "411 Length Required"),  # a server that cannot read chunks
        ({"CONTENT_LENGTH": str(4 * 1024 * 1024 + 1)}, "413 Content Too Large"),
        ({"CONTENT_LENGTH": "9" * 5000}, "413 Content Too Large"),
        ({"CONTENT_LENGTH": str(40_000_000), "CONTENT_TYPE": "multipart/form-data; boundary=x"}, "200 OK"),
        ({"CONTENT_LENGTH": "43000000000", "CONTENT_TYPE": "multipart/form-data"}, "413 Content Too Large"),
        ({"CONTENT_LENGTH": "-1"}, "200 OK"),
        ({}, "200 OK"),
    ],
)
def test_a_body_without_a_length_or_too_long_is_refused_with_the_reason(
    environ: dict[str, str], status: str
) -> None:
    statuses: list[str] = []

    def application(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return []

    MeasuredBodies(application)(environ, lambda status, headers: statuses.append(status))  # type: ignore[arg-type]
    assert statuses == [status]
