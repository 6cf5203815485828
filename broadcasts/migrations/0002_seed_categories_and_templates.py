"""The town's categories, each with its topic and a message template for every form a notice can have."""

import json
from pathlib import Path

from django.db import migrations

DATA = Path(__file__).resolve().parent.parent / "data" / "templates.json"


def seed(apps, schema_editor):
    Category = apps.get_model("broadcasts", "Category")
    Topic = apps.get_model("subscribers", "Topic")
    Template = apps.get_model("whatsapp", "Template")
    data = json.loads(DATA.read_text(encoding="utf-8"))
    for row in data["categories"]:
        category, made = Category.objects.get_or_create(
            slug=row["slug"],
            defaults={
                "name": row["name"],
                "topic": Topic.objects.get(slug=row["topic"]),
                "lane": row["lane"],
                "tone": row["tone"],
                "expiry_hours": row["expiry_hours"],
                "order": row["order"],
                "approval": row.get("approval", True),
            },
        )
        if not made:
            continue
        for header, suffix in data["headers"].items():
            template, _ = Template.objects.get_or_create(
                name=row["template"] + suffix,
                language="it",
                defaults={
                    "category": row["meta_category"],
                    "accepted_category": row["meta_category"],
                    "header": header,
                    "body": row["body"],
                    "footer": data["footer"],
                    "buttons": data["buttons"],
                    "examples": row["examples"],
                    "ttl_seconds": row["ttl_seconds"],
                },
            )
            category.templates.add(template)


class Migration(migrations.Migration):
    dependencies = [
        ("broadcasts", "0001_create_the_notices"),
        ("subscribers", "0002_seed_topics_texts_and_policy"),
    ]

    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
