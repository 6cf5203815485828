"""Files from outside: the bytes decide, pictures lose what they carried, only what we drew is shown."""

import contextlib
import io
import struct
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from auditlog.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from regalbuto_urp.local import free_port
from tests import files
from tests.files import clip
from whatsapp import antivirus, fetching, media
from whatsapp.errors import ContentError
from whatsapp.files import incoming, isolation, kinds, pictures
from whatsapp.models import Media
from whatsapp.providers import calls
from whatsapp.types import Kind

pytestmark = pytest.mark.django_db
MP4 = clip()


def upload(content: bytes, name: str = "file.jpg") -> Media:
    return media.save_outgoing(SimpleUploadedFile(name, content))


class TestOutgoing:
    def test_a_picture_is_drawn_anew_upright_and_without_its_position(self, picture: bytes) -> None:
        saved = upload(picture)
        with Image.open(saved.file.path) as drawn:
            assert drawn.size == (480, 640)
            assert not drawn.getexif()
        with Image.open(saved.thumbnail.path) as small:
            assert max(small.size) <= pictures.THUMBNAIL_SIDE

    @pytest.mark.parametrize("content", [b"", b"ciao", b"<svg onload=alert(1)>", b"MZ\x90\x00", b"%!PS"])
    def test_what_is_not_a_known_file_is_refused(self, content: bytes) -> None:
        with pytest.raises(ContentError, match="non si può inviare"):
            upload(content, "foto.jpg")

    def test_a_picture_that_is_not_a_picture_is_refused(self, picture: bytes) -> None:
        with pytest.raises(ContentError, match="non è un'immagine"):
            upload(picture[:300])

    def test_a_picture_bomb_is_refused(self) -> None:
        with pytest.raises(ContentError, match="troppo grande"):
            upload(files.picture((7050, 7050), "PNG", mode="RGBA"))

    def test_a_clip_over_the_limit_says_both_sizes(self) -> None:
        with pytest.raises(ContentError, match=r"17,0 MB.*16,0 MB"):
            upload(MP4 + bytes(17 * media.MB - len(MP4)), "clip.mp4")

    @pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
    def test_what_is_clear_becomes_white(self, mode: str) -> None:
        image = Image.new("LA", (40, 40), (0, 0)).convert(mode if mode != "P" else "RGBA")
        output = io.BytesIO()
        if mode == "P":
            image = image.quantize()
        image.save(output, "PNG")
        with Image.open(upload(output.getvalue(), "logo.png").file.path) as drawn:
            assert drawn.getpixel((20, 20)) == (255, 255, 255)


def located(latitude: object, longitude: object, refs: tuple[object, object] = ("N", "E")) -> bytes:
    """A photograph whose EXIF data says where it was taken."""
    image = Image.new("RGB", (60, 40), "#7a8b99")
    exif = image.getexif()
    exif.get_ifd(0x8825).update({1: refs[0], 2: latitude, 3: refs[1], 4: longitude})
    output = io.BytesIO()
    image.save(output, "JPEG", exif=exif)
    return output.getvalue()


def inbound(content: bytes, kind: Kind = Kind.DOCUMENT) -> Media:
    """A citizen's file, as kept."""
    return media.keep_inbound(Media.objects.create(kind=kind, inbound=True), content)


class TestWhereItWasTaken:
    def test_is_read_before_the_picture_is_drawn_anew(self) -> None:
        saved = inbound(located((37, 39, 12.6), (14, 38, 22.56), ("N", "E")))
        assert saved.latitude == pytest.approx(37.6535, abs=1e-4)
        assert saved.longitude == pytest.approx(14.6396, abs=1e-4)
        with Image.open(saved.file.path) as drawn:
            assert not drawn.getexif()

    def test_south_and_west_are_below_zero(self) -> None:
        saved = inbound(located((33, 30, 0), (70, 0, 0), ("S", "W")))
        assert (saved.latitude, saved.longitude) == (-33.5, -70)

    @pytest.mark.parametrize(
        ("latitude", "longitude", "refs"),
        [
            ((0, 0, 0), (0, 0, 0), ("N", "E")),
            ((91, 0, 0), (14, 0, 0), ("N", "E")),
            ((37, 0, 0), (181, 0, 0), ("N", "E")),
            ((37, 61, 0), (14, 0, 0), ("N", "E")),
            ((37, 0), (14, 0, 0), ("N", "E")),
            ((37, 0, 0), (14, 0, 0), ("X", "E")),
        ],
        ids=str,
    )
    def test_what_cannot_be_is_no_place(self, latitude: object, longitude: object, refs: Any) -> None:
        saved = inbound(located(latitude, longitude, refs))
        assert (saved.status, saved.latitude, saved.longitude) == (Media.Status.FETCHED, None, None)

    def test_a_number_divided_by_zero_is_no_place(self) -> None:
        exact, divided = struct.pack(">II", 37, 1), struct.pack(">II", 37, 0)
        content = located((37, 0, 0), (14, 0, 0))
        assert exact in content
        assert inbound(content.replace(exact, divided)).latitude is None

    def test_a_picture_of_ours_tells_nothing(self) -> None:
        assert upload(located((37, 39, 12), (14, 38, 22))).latitude is None


@given(
    st.binary(max_size=400), st.integers(0, 1000), st.sampled_from([b"", b"\xff\xd8\xff\xe1", b"PK\x03\x04"])
)
def test_garbage_is_no_picture_and_nothing_worse(garbage: bytes, at: int, start: bytes) -> None:
    whole = located((37, 39, 12), (14, 38, 22))
    for content in (start + garbage, whole[:at] + garbage + whole[at + len(garbage) :]):
        kinds.sniff(content)
        with contextlib.suppress(Exception):  # the process it runs in turns all of them into a refusal
            pictures.draw(io.BytesIO(content))


@given(exif=st.binary(max_size=300))
def test_garbage_for_exif_costs_nothing_but_the_place(exif: bytes) -> None:
    output = io.BytesIO()
    Image.new("RGB", (8, 8)).save(output, "JPEG", exif=b"Exif\x00\x00" + exif)
    assert pictures.draw(io.BytesIO(output.getvalue()))


class TestDocuments:
    @pytest.mark.parametrize(
        ("content", "suffix"),
        [
            (files.pdf(), "pdf"),
            ("Perché la buca è lì?\r\n".encode(), "txt"),
            (files.zipped("[Content_Types].xml", "_rels/.rels", "word/document.xml"), "docx"),
            (files.zipped("docProps/app.xml", "xl/workbook.xml"), "xlsx"),
            (files.zipped("ppt/presentation.xml"), "pptx"),
            (files.zipped(mimetype="application/vnd.oasis.opendocument.text"), "odt"),
            (files.zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "ods"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "doc"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le"), "xls"),
        ],
        ids=["pdf", "txt", "docx", "xlsx", "pptx", "odt", "ods", "doc", "xls"],
    )
    def test_are_kept_as_they_came(self, content: bytes, suffix: str) -> None:
        saved = inbound(content)
        assert (saved.status, saved.kind) == (Media.Status.FETCHED, Kind.DOCUMENT)
        assert saved.file.name.endswith(f".{suffix}")
        assert saved.file.read() == content
        assert bool(saved.warning) == (suffix in {"doc", "xls"})

    def test_too_large_is_refused_with_its_size(self) -> None:
        assert "25,0 MB" in inbound(bytes(media.INBOUND_LIMIT + 1)).reason


class TestFetching:
    def announced(self, provider_media_id: str) -> Media:
        return Media.objects.create(kind=Kind.IMAGE, inbound=True, provider_media_id=provider_media_id)

    @pytest.fixture
    def at_provider(self, simulator: str, settings: Any) -> Callable[[bytes], str]:
        def put(content: bytes, mime: str = "image/jpeg") -> str:
            answer = requests.post(
                f"{settings.WHATSAPP_API_URL}/{settings.WHATSAPP_PHONE_NUMBER_ID}/media",
                headers={"Authorization": f"Bearer {settings.WHATSAPP_ACCESS_TOKEN}"},
                data={"messaging_product": "whatsapp", "type": mime},
                files={"file": ("foto.jpg", content, mime)},
                timeout=5,
            )
            return str(answer.json()["id"])

        return put

    def test_a_citizens_picture(self, at_provider: Callable[[bytes], str], picture: bytes) -> None:
        announced = self.announced(at_provider(picture))
        fetching.fetch_due()
        announced.refresh_from_db()
        assert announced.status == Media.Status.FETCHED
        assert announced.thumbnail

    def test_a_false_type_is_kept_with_a_warning(self, at_provider: Callable[[bytes], str]) -> None:
        announced = self.announced(at_provider(b"<html><script>alert(1)</script>", "text/plain"))
        fetching.fetch_due()
        announced.refresh_from_db()
        assert announced.status == Media.Status.FETCHED
        assert announced.warning == incoming.PROGRAM

    def test_a_host_we_do_not_know_never_sees_the_token(
        self, at_provider: Callable[[bytes], str], picture: bytes, settings: Any
    ) -> None:
        announced = self.announced(at_provider(picture))
        settings.WHATSAPP_MEDIA_HOSTS = ["lookaside.fbsbx.com"]
        fetching.fetch_due()
        announced.refresh_from_db()
        assert announced.status == Media.Status.REJECTED

    def test_a_provider_that_is_down_is_asked_again(self, settings: Any) -> None:
        settings.WHATSAPP_API_URL = f"http://127.0.0.1:{free_port()}/v25.0"
        announced = self.announced("123")
        assert fetching.fetch_due() == 1
        announced.refresh_from_db()
        assert announced.status == Media.Status.PENDING
        assert announced.due_at > timezone.now()
        Media.objects.update(attempts=len(fetching.LADDER) + 1, due_at=timezone.now() - timedelta(1))
        fetching.fetch_due()
        announced.refresh_from_db()
        assert announced.status == Media.Status.REJECTED

    def test_nobody_takes_a_file_while_it_may_still_be_coming(self) -> None:
        longest = calls.DEADLINE + isolation.WALL_SECONDS + 2 * antivirus.SECONDS
        assert fetching.LEASE.total_seconds() > longest

    def test_what_kills_the_worker_each_time_is_given_up(self) -> None:
        announced = self.announced("123")
        Media.objects.update(attempts=fetching.TRIES)
        assert fetching.fetch_due() == 1
        announced.refresh_from_db()
        assert (announced.status, announced.reason) == (Media.Status.REJECTED, fetching.GIVEN_UP)

    def test_our_own_trouble_costs_no_file_and_holds_nobody_up(
        self, at_provider: Callable[[bytes], str], picture: bytes, settings: Any, tmp_path: Path
    ) -> None:
        (tmp_path / "whatsapp").write_text("a file where the folder should be")
        settings.MEDIA_ROOT = str(tmp_path)
        both = [self.announced(at_provider(picture)), self.announced(at_provider(picture))]
        assert fetching.fetch_due() == 2
        assert {Media.objects.get(pk=one.pk).status for one in both} == {Media.Status.PENDING}


class TestStaffDoor:
    @pytest.fixture
    def clerk(self, client: Client) -> User:
        user = User.objects.create_user("segreteria", is_staff=True)
        client.force_login(user)
        return user

    def test_only_with_the_permission(self, client: Client, clerk: User, picture: bytes) -> None:
        url = f"/admin/whatsapp/file/{upload(picture).pk}/"
        assert client.get(url).status_code == 403
        clerk.user_permissions.add(Permission.objects.get(codename="view_media"))
        answer = client.get(url)
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert client.get(f"{url}anteprima/").status_code == 200

    def test_who_opened_what_is_written_down(self, client: Client, clerk: User, picture: bytes) -> None:
        clerk.user_permissions.add(Permission.objects.get(codename="view_media"))
        saved = upload(picture)
        for part in ("", "anteprima/"):
            client.get(f"/admin/whatsapp/file/{saved.pk}/{part}")
        [entry] = LogEntry.objects.get_for_object(saved)
        assert (entry.action, entry.actor) == (LogEntry.Action.ACCESS, clerk)

    def test_a_clip_is_played_by_the_page_and_else_a_download(self, client: Client, clerk: User) -> None:
        clerk.user_permissions.add(Permission.objects.get(codename="view_media"))
        answer = client.get(f"/admin/whatsapp/file/{upload(MP4, 'clip.mp4').pk}/")
        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["Content-Type"] == "video/mp4"
        assert "sandbox" in answer["Content-Security-Policy"]

    def test_strangers_are_sent_to_the_log_in(self, client: Client, picture: bytes) -> None:
        assert client.get(f"/admin/whatsapp/file/{upload(picture).pk}/").status_code == 302
