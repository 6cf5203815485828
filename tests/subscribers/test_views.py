import pytest
from django.test import Client

from subscribers import policies
from subscribers.models import Policy

pytestmark = pytest.mark.django_db


def test_home_tells_how_to_join(client: Client) -> None:
    page = client.get("/").content.decode()
    assert "366 53 40 900" in page
    assert "https://wa.me/393665340900?text=ISCRIZIONE%20ON" in page
    assert "112" in page


def test_the_qr_code_is_drawn_here(client: Client) -> None:
    answer = client.get("/qr.svg")
    assert answer["Content-Type"] == "image/svg+xml"
    assert b"<path" in answer.content


def test_every_version_of_the_policy_stays_readable(client: Client) -> None:
    first = Policy.objects.get()
    second = policies.publish(Policy.objects.create(version=2, title="Nuova", text="Testo <b>nuovo</b>."))
    page = client.get("/informativa/").content.decode()
    assert "Testo &lt;b&gt;nuovo&lt;/b&gt;." in page
    assert first.sha256 in page
    assert second.sha256 in page
    assert "non è più la versione in vigore" in client.get("/informativa/1/").content.decode()
    assert client.get("/informativa/9/").status_code == 404


def test_a_draft_is_not_public_and_a_published_one_never_changes(client: Client) -> None:
    Policy.objects.create(version=2, title="Bozza", text="Bozza.")
    assert client.get("/informativa/2/").status_code == 404
    with pytest.raises(policies.AlreadyPublished):
        policies.publish(Policy.objects.get(version=1))
