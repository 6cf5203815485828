"""Templates in the back office, with the categories that use them."""

from typing import Any

import pytest
import requests
from django.test import Client

from broadcasts.models import Broadcast, Category
from tests.factories.broadcasts import UserFactory
from tests.factories.whatsapp import TemplateFactory
from whatsapp import channels
from whatsapp.models import AccountEvent, Template

pytestmark = pytest.mark.django_db
LIST = "/admin/whatsapp/template/"
ADD = f"{LIST}add/"
DRAFT = {
    "name": "avviso_neve",
    "category": "utility",
    "header": "none",
    "body": "Avviso neve del Comune di Regalbuto\r\n\r\n*{{1}}*\r\n\r\n{{2}}\r\n\r\nTesto nella pagina.",
    "examples": "Strade chiuse\nDalle 8 alle 14\n",
    "footer": "Per non ricevere più avvisi scrivi ISCRIZIONE OFF",
    "page_label": "Leggi l'avviso",
    "offers_leave": "on",
    "ttl_seconds": "",
    "_save": "1",
}


@pytest.fixture
def boss(client: Client) -> Client:
    rights = ["view_template", "add_template", "change_template", "delete_template"]
    client.force_login(UserFactory(can=[*rights, "change_category", "view_category", "view_accountevent"]))
    return client


def page(client: Client, address: str, **post: Any) -> str:
    answer: Any = client.post(address, post, follow=True) if post else client.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_a_draft_is_written_shown_and_submitted(boss: Client, simulator: str) -> None:
    requests.post(f"{simulator}/control/reset", json={"templates": True}, timeout=5).raise_for_status()
    html = page(boss, ADD, **(DRAFT | {"_submit": "1"}))
    template = Template.objects.get(name="avviso_neve")
    assert (template.status, template.examples) == ("draft", ["Strade chiuse", "Dalle 8 alle 14"])
    assert [button["type"] for button in template.buttons] == ["url", "quick_reply"]
    assert "\r" not in template.body
    assert "<strong>Strade chiuse</strong>" in html
    assert "Sottoponi a WhatsApp" in html
    assert "ora è approvato" in page(boss, f"{LIST}{template.pk}/sottoponi/", csrf="")
    html = page(boss, f"{LIST}{template.pk}/change/")
    assert "non si modifica qui" in html
    assert "<textarea" not in html
    boss.post(f"{LIST}{template.pk}/change/", DRAFT | {"body": "Altro"})
    template.refresh_from_db()
    assert template.body.startswith("Avviso neve")


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_lost(boss: Client) -> None:
    wrong = {"name": "Neve è", "body": "{{1}} {{3}}", "footer": "x" * 61, "ttl_seconds": "5"}
    html = page(boss, ADD, **(DRAFT | wrong))
    for said in ("minuscole senza accento", "senza salti", "attaccate", "all&#x27;inizio", "Da 30"):
        assert said in html, said
    assert "{{1}} {{3}}" in html
    assert not Template.objects.filter(name__startswith="Neve").exists()
    assert "questo nome c&#x27;è già" in page(boss, ADD, **(DRAFT | {"name": "avviso_viabilita"}))


def test_a_refusal_comes_back_with_its_reason(boss: Client, settings: Any) -> None:
    template = TemplateFactory(status="draft", header="image")
    settings.WHATSAPP_APP_ID = ""
    html = page(boss, f"{LIST}{template.pk}/sottoponi/", csrf="")
    assert "non è stato sottoposto" in html
    assert "WHATSAPP_APP_ID" in html


def test_the_category_whatsapp_gave_is_accepted_by_a_button(boss: Client, notice: Broadcast) -> None:
    template = notice.category.templates.get(header="none")
    Template.objects.filter(pk=template.pk).update(category="marketing")
    assert "marketing, da accettare" in page(boss, LIST)
    html = page(boss, f"{LIST}{template.pk}/change/")
    assert "Accetta la categoria di WhatsApp" in html
    assert "Avvisi della categoria «Viabilità»" in html
    assert "Categoria accettata" in page(boss, f"{LIST}{template.pk}/accetta/", csrf="")
    template.refresh_from_db()
    assert template.usable


def test_who_may_only_look_sees_no_button(client: Client, notice: Broadcast) -> None:
    client.force_login(UserFactory(can=["view_template"]))
    template = notice.category.templates.get(header="none")
    Template.objects.filter(pk=template.pk).update(category="marketing")
    assert "Accetta la categoria" not in page(client, f"{LIST}{template.pk}/change/")
    draft = TemplateFactory(status="draft")
    assert "Sottoponi a WhatsApp" not in page(client, f"{LIST}{draft.pk}/change/")
    for step in ("accetta", "sottoponi"):
        assert client.post(f"{LIST}{draft.pk}/{step}/").status_code == 403


def test_an_alert_takes_only_templates_that_expire(boss: Client) -> None:
    category = Category.objects.get(slug="allerta-meteo")
    data = {"name": category.name, "slug": category.slug, "topic": category.topic_id, "lane": "alert"}
    data |= {"expiry_hours": 12, "tone": "red", "order": 1, "active": "on"}
    endless = TemplateFactory()
    address = f"/admin/broadcasts/category/{category.pk}/change/"
    html = page(boss, address, **data, templates=[endless.pk])
    assert f"non l&#x27;hanno: {endless.name}" in html
    draft = category.templates.get(header="none")
    html = page(boss, f"{LIST}{draft.pk}/change/", **DRAFT)
    assert "È un modello per le allerte" in html


def test_a_category_and_the_home_page_tell_what_whatsapp_took_away(
    boss: Client, notice: Broadcast, admin_client: Client
) -> None:
    Template.objects.filter(name="avviso_viabilita").update(status="paused")
    html = page(boss, f"/admin/broadcasts/category/{notice.category_id}/change/")
    assert "«avviso_viabilita» è sospeso" in html
    assert "<strong>Viabilità</strong>: 1 modello di WhatsApp su 5 non è utilizzabile" in page(
        admin_client, "/admin/"
    )


def test_what_whatsapp_said_of_the_account_can_be_read(boss: Client, admin_client: Client) -> None:
    AccountEvent.objects.create(key="1", event="ACCOUNT_RESTRICTION", text="Invii limitati.", serious=True)
    html = page(boss, "/admin/whatsapp/accountevent/")
    assert "Invii limitati." in html
    assert "ha fermato gli invii" in html
    assert boss.get("/admin/whatsapp/accountevent/add/").status_code == 403
    assert "Invii limitati." in page(admin_client, f"/admin/whatsapp/channel/{channels.current().pk}/change/")
