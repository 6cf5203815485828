"""The template that welcomes who was enrolled at the desk: nobody there has written, so free text may not go."""

from django.db import migrations

TEMPLATE = {
    "category": "utility",
    "accepted_category": "utility",
    "body": "Benvenuto in *WhatsURP*, il servizio del Comune di Regalbuto.\n\nCon il modulo che hai firmato il "
    "{{1}} questo numero è iscritto: riceverai avvisi e allerte. Ti invitiamo a leggere l'informativa, "
    "accettata con l'iscrizione.\n\nSe non sei stato tu a chiederlo, o per uscire in qualsiasi momento, scrivi "
    "*ISCRIZIONE OFF*; per le istruzioni *AIUTO*. In caso di pericolo chiama il *112*.",
    "footer": "Comune di Regalbuto",
    "buttons": [
        {"type": "url", "text": "Leggi l'informativa", "url": "{site_url}/informativa/{{1}}"},
        {"type": "quick_reply", "text": "ISCRIZIONE OFF", "payload": "ISCRIZIONE OFF"},
    ],
    "examples": ["3 maggio 2026"],
}


def install(apps, schema_editor):
    apps.get_model("whatsapp", "Template").objects.get_or_create(
        name="benvenuto_whatsurp", language="it", defaults=TEMPLATE
    )


class Migration(migrations.Migration):
    dependencies = [
        ("subscribers", "0003_protect_the_register"),
        ("whatsapp", "0001_create_the_channel"),
    ]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
