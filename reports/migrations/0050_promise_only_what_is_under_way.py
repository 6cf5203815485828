"""The first answer to a danger leaves before anybody has been told: it says what is so at that moment."""

from django.db import migrations

BEFORE = "abbiamo avvisato chi è di turno."
PURPOSE = "Pericolo: chi è di turno viene avvisato in questo momento"
AFTER = "stiamo avvisando chi è di turno."


def reword(apps, schema_editor):
    """A text that the staff have changed is theirs."""
    texts = apps.get_model("reports", "ReplyText").objects.filter(slug="paged", body=BEFORE)
    texts.update(body=AFTER, purpose=PURPOSE)


class Migration(migrations.Migration):
    dependencies = [("reports", "0005_install_the_template_of_answers")]

    operations = [migrations.RunPython(reword, migrations.RunPython.noop)]
