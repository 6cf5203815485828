"""A correction or a withdrawal in the history of a case; the texts that came since, as rows."""

from django.db import migrations, models

from reports.models import ReportEvent
from reports.texts import DEFAULTS


def install(apps, schema_editor):
    for slug, default in DEFAULTS.items():
        apps.get_model("reports", "ReplyText").objects.get_or_create(
            slug=slug, defaults={"purpose": default.purpose, "body": default.body}
        )


class Migration(migrations.Migration):
    dependencies = [("reports", "0004_protect_the_history")]

    operations = [
        migrations.AlterField(
            "reportevent", "kind", models.CharField("che cosa", max_length=12, choices=ReportEvent.Kind.choices)
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
