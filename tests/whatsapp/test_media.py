"""Files from outside: the bytes decide, pictures lose what they carried, only what we drew is shown."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from PIL import Image

from regalbuto_urp.local import free_port
from whatsapp import fetching, media
from whatsapp.errors import ContentError
from whatsapp.models import Media
from whatsapp.types import Kind

pytestmark = pytest.mark.django_db
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom"


def upload(content: bytes, name: str = "file.jpg") -> Media:
    return media.save_outgoing(SimpleUploadedFile(name, content))


class TestOutgoing:
    def test_a_picture_is_drawn_anew_upright_and_without_its_position(self, picture: bytes) -> None:
        saved = upload(picture)
        with Image.open(saved.file.path) as drawn:
            assert drawn.size == (480, 640)
            assert not drawn.getexif()
        with Image.open(saved.thumbnail.path) as small:
            assert max(small.size) <= media.THUMBNAIL_SIDE

    @pytest.mark.parametrize("content", [b"", b"ciao", b"<svg onload=alert(1)>", b"MZ\x90\x00", b"%!PS"])
    def test_what_is_not_a_known_file_is_refused(self, content: bytes) -> None:
        with pytest.raises(ContentError, match="non si può inviare"):
            upload(content, "foto.jpg")

    def test_a_picture_that_is_not_a_picture_is_refused(self, picture: bytes) -> None:
        with pytest.raises(ContentError, match="non è un'immagine"):
            upload(picture[:300])

    def test_a_picture_bomb_is_refused(self) -> None:
        output = io.BytesIO()
        Image.new("1", (9000, 9000)).save(output, "PNG")
        with pytest.raises(ContentError, match="troppo grande"):
            upload(output.getvalue())

    def test_a_clip_over_the_limit_says_both_sizes(self) -> None:
        with pytest.raises(ContentError, match=r"17,0 MB.*16,0 MB"):
            upload(MP4 + bytes(17 * media.MB - len(MP4)), "clip.mp4")

    def test_a_clip_is_kept_as_it_is(self) -> None:
        saved = upload(MP4 + b"x" * 100, "clip.mp4")
        assert (saved.kind, saved.file.read()) == (Kind.VIDEO, MP4 + b"x" * 100)


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

    def test_a_false_type_is_rejected_and_says_so(self, at_provider: Callable[[bytes], str]) -> None:
        announced = self.announced(at_provider(b"<html><script>alert(1)</script>", "text/plain"))
        fetching.fetch_due()
        announced.refresh_from_db()
        assert (announced.status, announced.reason) == (Media.Status.REJECTED, "file di un tipo non ammesso")

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

    def test_a_clip_is_a_download(self, client: Client, clerk: User) -> None:
        clerk.user_permissions.add(Permission.objects.get(codename="view_media"))
        answer = client.get(f"/admin/whatsapp/file/{upload(MP4, 'clip.mp4').pk}/")
        assert answer["Content-Disposition"].startswith("attachment")

    def test_strangers_are_sent_to_the_log_in(self, client: Client, picture: bytes) -> None:
        assert client.get(f"/admin/whatsapp/file/{upload(picture).pk}/").status_code == 302
