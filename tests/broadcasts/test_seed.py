import re

import pytest

from broadcasts.models import Category
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


def test_templates_keep_whatsapps_rules() -> None:
    for template in Template.objects.filter(categories__isnull=False):
        words = re.sub(r"\{\{\d\}\}", " ", template.body).split()
        assert re.fullmatch(r"[a-z0-9_]+", template.name)
        assert not re.match(r"\W*\{\{", template.body)  # no variable first
        assert not re.search(r"\}\}\W*$", template.body)  # nor last
        assert not re.search(r"\}\}\s*\{\{", template.body)  # nor next to each other
        assert len(words) >= 2 * 2 + 1  # two variables want five other words
        assert len(template.footer) <= 60
        assert "ISCRIZIONE OFF" in template.footer
        assert all(len(button["text"]) <= 25 for button in template.buttons)
        assert [button["type"] for button in template.buttons] == ["url", "quick_reply"]
        assert len(template.examples) == 2
        assert template.status == Template.Status.DRAFT
