"""The template for answers after the 24-hour window has closed."""

from django.db import migrations

TEMPLATE = {
    "category": "utility",
    "accepted_category": "utility",
    "body": "Il Comune di Regalbuto risponde alla tua segnalazione n. {{1}}.\n\n{{2}}\n\n"
    "Per continuare la conversazione rispondi a questo messaggio.",
    "footer": "Comune di Regalbuto",
    "buttons": [
        {"type": "url", "text": "Segui la segnalazione", "url": "{site_url}/segnalazioni/{{1}}"},
    ],
    "examples": ["2026-0012", "Domani mattina una squadra ripara la buca in via Roma."],
}


def install(apps, schema_editor):
    apps.get_model("whatsapp", "Template").objects.get_or_create(
        name="aggiornamento_segnalazione", language="it", defaults=TEMPLATE
    )


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0004_protect_the_history"),
        ("whatsapp", "0001_create_the_channel"),
    ]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
