from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from broadcasts import sending
from broadcasts.models import Broadcast
from tests.factories.broadcasts import BroadcastFactory
from whatsapp import media

pytestmark = pytest.mark.django_db


def test_without_notices_the_page_says_so(client: Client) -> None:
    assert "Nessun avviso per ora." in client.get("/avvisi/").content.decode()


def test_drafts_are_nobodys(client: Client, notice: Broadcast, office: Client) -> None:
    for browser in (Client(), office):
        assert browser.get(f"/avvisi/{notice.pk}/").status_code == 404
        assert browser.get(f"/avvisi/{notice.pk}/file/").status_code == 404
    assert notice.title not in client.get("/avvisi/").content.decode()


def test_the_full_text_keeps_paragraphs_and_links_and_escapes_the_rest(notice: Broadcast, staff: Any) -> None:
    notice.text = "Primo <script>alert(1)</script>\n\nSecondo: https://comune.regalbuto.en.it"
    notice.save()
    sending.send(notice, staff)
    html = Client().get(f"/avvisi/{notice.pk}/").content.decode()
    assert "<script>alert" not in html
    assert html.count("<p>Secondo") == 1
    assert 'href="https://comune.regalbuto.en.it"' in html


def test_alerts_in_force_stand_on_top(notice: Broadcast, staff: Any) -> None:
    alert = sending.send(BroadcastFactory(slug="allerta-meteo", title="Allerta arancione"), staff)
    sending.send(notice, staff)
    html = Client().get("/avvisi/").content.decode()
    assert "Allerte in corso" in html
    assert html.index("Allerta arancione") < html.index(notice.title)
    Broadcast.objects.filter(pk=alert.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    html = Client().get("/avvisi/").content.decode()
    assert "Allerte in corso" not in html
    assert html.index("Allerta arancione") > html.index(notice.title)
    assert "ora è terminata" in Client().get(f"/avvisi/{alert.pk}/").content.decode()


def test_a_category_filters(notice: Broadcast, staff: Any) -> None:
    sending.send(notice, staff)
    assert notice.title in Client().get("/avvisi/?categoria=viabilita").content.decode()
    assert "Nessun avviso in questa categoria" in Client().get("/avvisi/?categoria=eventi").content.decode()
    assert Client().get("/avvisi/?categoria=abc&pagina=abc").status_code == 200


def test_a_stopped_notice_is_marked_and_unlisted(notice: Broadcast, staff: Any) -> None:
    sending.stop(sending.send(notice, staff), staff)
    assert "ha interrotto l'invio" in Client().get(f"/avvisi/{notice.pk}/").content.decode()
    assert notice.title not in Client().get("/avvisi/").content.decode()


def test_many_notices_are_paged_with_few_queries(
    notice: Broadcast, staff: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(14):
        sending.send(BroadcastFactory(), staff)
    with django_assert_max_num_queries(6):
        html = Client().get("/avvisi/").content.decode()
    assert "Pagina 1 di 2" in html
    assert Client().get("/avvisi/?pagina=2").status_code == 200


def test_the_picture_is_served_with_its_notice_only(notice: Broadcast, staff: Any, picture: bytes) -> None:
    notice.media = media.save_outgoing(SimpleUploadedFile("foto.jpg", picture), for_subscribers=True)
    notice.save()
    sending.send(notice, staff)
    answer = Client().get(f"/avvisi/{notice.pk}/file/")
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["X-Content-Type-Options"] == "nosniff"
    whole = b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert len(whole) == notice.media.size
    part = Client().get(f"/avvisi/{notice.pk}/file/", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.getvalue()) == (206, whole[10:20])
    assert part["Content-Range"] == f"bytes 10-19/{len(whole)}"
    tail = Client().get(f"/avvisi/{notice.pk}/file/", headers={"Range": f"bytes={len(whole) - 5}-"})
    assert tail.getvalue() == whole[-5:]
    assert Client().get(f"/avvisi/{notice.pk}/file/", headers={"Range": "bytes=9-3"}).status_code == 416
    assert Client().get(f"/avvisi/{notice.pk}/file/", headers={"Range": "bytes=x"}).status_code == 200
    assert Client().get(f"/avvisi/{sending.send(BroadcastFactory(), staff).pk}/file/").status_code == 404


def test_a_place_is_drawn_with_a_link(notice: Broadcast, staff: Any) -> None:
    notice.latitude, notice.longitude, notice.place_name = 37.6525, 14.6398, "Piazza della Repubblica"
    notice.save()
    sending.send(notice, staff)
    html = Client().get(f"/avvisi/{notice.pk}/").content.decode()
    assert "Piazza della Repubblica" in html
    assert "mlat=37.65250&amp;mlon=14.63980" in html
