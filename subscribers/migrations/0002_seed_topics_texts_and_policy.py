"""The topics, the texts sent to citizens and the first version of the policy, in force at once."""

import hashlib
import tomllib
from pathlib import Path

from django.db import migrations
from django.utils import timezone

DATA = Path(__file__).resolve().parent.parent / "data"
TITLE = "Informativa e regole d'uso di WhatsURP"
TOPICS = [
    (
        "allerta",
        "Allerta meteo",
        ["allerta", "allerte", "allerta meteo", "allerte meteo", "meteo", "protezione civile"],
    ),
    ("viabilita", "Viabilità", ["viabilita", "traffico", "strade", "viabilita e traffico"]),
    ("servizi", "Servizi comunali", ["servizi", "servizi comunali", "servizi del comune"]),
    ("pubblica-utilita", "Pubblica utilità", ["pubblica utilita", "utilita", "utilita pubblica"]),
    ("eventi", "Eventi", ["eventi", "manifestazioni", "feste", "eventi e manifestazioni"]),
]


def seed(apps, schema_editor):
    topics = apps.get_model("subscribers", "Topic").objects
    for order, (slug, name, words) in enumerate(TOPICS, 1):
        topics.create(slug=slug, name=name, words=words, order=order)
    texts = apps.get_model("subscribers", "ServiceText").objects
    for slug, row in tomllib.loads((DATA / "texts.toml").read_text()).items():
        texts.create(slug=slug, name=row["name"], text=row["text"].strip())
    text = (DATA / "informativa.md").read_text().strip()
    digest = hashlib.sha256(f"{TITLE}\n{text}".encode()).hexdigest()
    apps.get_model("subscribers", "Policy").objects.create(
        version=1, title=TITLE, text=text, sha256=digest, in_force_from=timezone.now()
    )


def unseed(apps, schema_editor):
    for model in ("Topic", "ServiceText", "Policy"):
        apps.get_model("subscribers", model).objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0001_create_subscriptions_and_the_register")]
    operations = [migrations.RunPython(seed, unseed)]
