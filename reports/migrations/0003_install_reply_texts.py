"""The texts sent to citizens, as rows the staff can edit."""

from django.db import migrations

from reports.texts import DEFAULTS


def install(apps, schema_editor):
    for slug, default in DEFAULTS.items():
        apps.get_model("reports", "ReplyText").objects.get_or_create(
            slug=slug, defaults={"purpose": default.purpose, "body": default.body}
        )


class Migration(migrations.Migration):
    dependencies = [("reports", "0002_install_offices_and_categories")]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
