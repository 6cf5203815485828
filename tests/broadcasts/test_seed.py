import pytest

from broadcasts.models import Category
from whatsapp import template_rules, templates
from whatsapp.models import Template
from whatsapp.types import Header, Lane

pytestmark = pytest.mark.django_db
FORMS = {Header.NONE, Header.IMAGE, Header.VIDEO, Header.DOCUMENT, Header.LOCATION}


def test_every_category_has_a_template_for_every_form() -> None:
    slugs = set(Category.objects.values_list("slug", flat=True))
    assert slugs == {"viabilita", "servizi", "pubblica-utilita", "allerta-meteo", "eventi"}
    for category in Category.objects.all():
        assert set(category.templates.values_list("header", flat=True)) == FORMS


def test_only_the_weather_alert_overtakes_and_expires_soon() -> None:
    alert = Category.objects.get(lane=Lane.ALERT)
    assert (alert.slug, alert.expiry_hours, alert.topic.slug) == ("allerta-meteo", 12, "allerta")
    assert set(alert.templates.values_list("ttl_seconds", flat=True)) == {43200}
    assert set(Category.objects.exclude(pk=alert.pk).values_list("expiry_hours", flat=True)) == {48}


def test_events_are_marketing_the_rest_is_utility() -> None:
    marketing = Template.objects.filter(category="marketing", categories__isnull=False)
    assert set(marketing.values_list("categories__slug", flat=True)) == {"eventi"}


def test_the_shipped_templates_keep_whatsapps_rules() -> None:
    for template in Template.objects.filter(categories__isnull=False):
        urgent = any(use.urgent for use in templates.uses(template))
        assert template_rules.problems(template, urgent=urgent) == {}, template.name
        assert templates.uses(template)[0].label.startswith("Avvisi della categoria «")


def test_the_shipped_templates_offer_the_page_and_the_way_out() -> None:
    for template in Template.objects.filter(categories__isnull=False):
        assert "ISCRIZIONE OFF" in template.footer
        assert [button["type"] for button in template.buttons] == ["url", "quick_reply"]
        assert template.status == Template.Status.DRAFT
