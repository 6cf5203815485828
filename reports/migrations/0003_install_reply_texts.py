"""The texts sent to citizens, as rows the staff can edit."""

from django.db import migrations

from reports.texts import CANNED, DEFAULTS


def install(apps, schema_editor):
    for slug, default in DEFAULTS.items():
        apps.get_model("reports", "ReplyText").objects.get_or_create(
            slug=slug, defaults={"purpose": default.purpose, "body": default.body}
        )
    for title, body in CANNED.items():
        apps.get_model("reports", "CannedReply").objects.get_or_create(title=title, defaults={"body": body})


class Migration(migrations.Migration):
    dependencies = [("reports", "0002_install_offices_and_categories")]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
