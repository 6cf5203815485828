from django.db import migrations


def open_files(apps, schema_editor):
    """Files that broadcasts have are for all subscribers: who writes broadcasts may open them."""
    files = apps.get_model("broadcasts", "Broadcast").objects.filter(media__isnull=False).values("media")
    apps.get_model("whatsapp", "Media").objects.filter(pk__in=files).update(for_subscribers=True)


class Migration(migrations.Migration):

    dependencies = [
        ("broadcasts", "0003_add_prices_budgets_and_ready_texts"),
        ("whatsapp", "0007_examine_files"),
    ]

    operations = [migrations.RunPython(open_files, migrations.RunPython.noop)]
