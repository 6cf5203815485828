"""The templates that reach the staff whose 24-hour window is closed: a call, and who takes care of it."""

from django.db import migrations

TEMPLATES = {
    "chiamata_di_turno": {
        "body": "Chiamata di turno dal Comune di Regalbuto: *{{1}}*\n\n{{2}}\n\nTocca «Me ne occupo» se ci pensi "
        "tu: gli altri lo sapranno subito.",
        "buttons": [
            {"type": "quick_reply", "text": "Me ne occupo", "payload": "Me ne occupo"},
            {"type": "url", "text": "Apri la pagina", "url": "{site_url}/{{1}}"},
        ],
        "examples": [
            "segnalazione di pericolo n. 2026-0012",
            "Puzza di gas; via Roma 12. Al cittadino è stato detto di chiamare il 112.",
        ],
        "ttl_seconds": 43_200,
    },
    "chiamata_presa_in_carico": {
        "body": "Chiamata di turno dal Comune di Regalbuto: *{{1}}*\n\nSe ne occupa {{2}}: tu non devi fare altro.",
        "buttons": [],
        "examples": ["segnalazione di pericolo n. 2026-0012", "Anna Bianchi"],
        "ttl_seconds": 43_200,
    },
}
SHARED = {"category": "utility", "accepted_category": "utility", "footer": "Per il personale di turno"}


def install(apps, schema_editor):
    for name, own in TEMPLATES.items():
        apps.get_model("whatsapp", "Template").objects.get_or_create(
            name=name, language="it", defaults={**SHARED, **own}
        )


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0001_create_the_channel")]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
