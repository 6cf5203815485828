"""The template for answers after the 24-hour window has closed, a fact for the history, and new texts."""

from django.db import migrations, models

from reports.models import ReportEvent
from reports.texts import DEFAULTS

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
    for slug, default in DEFAULTS.items():
        apps.get_model("reports", "ReplyText").objects.get_or_create(
            slug=slug, defaults={"purpose": default.purpose, "body": default.body}
        )


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0004_protect_the_history"),
        ("whatsapp", "0001_create_the_channel"),
    ]

    operations = [
        migrations.AlterField(
            model_name="reportevent",
            name="kind",
            field=models.CharField(choices=ReportEvent.Kind.choices, max_length=12, verbose_name="che cosa"),
        ),
        migrations.RunPython(install, migrations.RunPython.noop),
    ]
