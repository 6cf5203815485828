"""The offices and the ten categories reports are sorted into; the staff edit them in the admin."""

from django.db import migrations

# name, e-mail, external. The addresses the town and AcquaEnna gave the press in July 2023.
OFFICES = [
    ("Segreteria - Staff del Sindaco", "segreteria@comune.regalbuto.en.it", False),
    ("Ufficio tecnico", "manutenzione@comune.regalbuto.en.it", False),
    ("Polizia municipale", "poliziamunicipale@comune.regalbuto.en.it", False),
    ("AcquaEnna", "info@acquaenna.it", True),
]
# slug, name, office, working days
CATEGORIES = [
    ("sicurezza", "Sicurezza e degrado", "Polizia municipale", 5),
    ("strade", "Strade e marciapiedi", "Ufficio tecnico", 15),
    ("acqua-fognature", "Acqua e fognature", "AcquaEnna", 5),
    ("illuminazione", "Illuminazione pubblica", "Ufficio tecnico", 10),
    ("rifiuti", "Rifiuti e pulizia", "Ufficio tecnico", 7),
    ("edifici", "Edifici, muri e scuole", "Ufficio tecnico", 15),
    ("segnaletica", "Segnaletica e viabilità", "Polizia municipale", 10),
    ("verde", "Parchi e verde pubblico", "Ufficio tecnico", 15),
    ("animali", "Animali", "Polizia municipale", 7),
    ("altro", "Altro", "Segreteria - Staff del Sindaco", 20),
]


def install(apps, schema_editor):
    offices = {
        name: apps.get_model("reports", "Office").objects.get_or_create(
            name=name, defaults={"email": email, "external": external}
        )[0]
        for name, email, external in OFFICES
    }
    for order, (slug, name, office, days) in enumerate(CATEGORIES):
        apps.get_model("reports", "ReportCategory").objects.get_or_create(
            slug=slug,
            defaults={"name": name, "office": offices[office], "working_days": days, "order": order},
        )


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_create_the_reports")]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
