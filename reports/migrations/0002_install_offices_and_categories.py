"""The offices and the categories reports are sorted into; the staff edit them in the admin."""

from django.db import migrations

# name, e-mail, external. The addresses the town and AcquaEnna gave the press in July 2023.
OFFICES = [
    ("Segreteria - Staff del Sindaco", "segreteria@comune.regalbuto.en.it", False),
    ("Ufficio tecnico", "manutenzione@comune.regalbuto.en.it", False),
    ("Polizia municipale", "poliziamunicipale@comune.regalbuto.en.it", False),
    ("AcquaEnna", "info@acquaenna.it", True),
]
TECHNICAL, POLICE, SECRETARIAT = "Ufficio tecnico", "Polizia municipale", "Segreteria - Staff del Sindaco"
ROADS = "Strade, marciapiedi, segnaletica e viabilità"
# slug, name, office, working days, points of danger, worse in bad weather, offered to the citizen, and the name
# in the list of Modello Comuni (italia/design-comuni-pagine-statiche, disservizio-lista.json) plus public lighting.
CATEGORIES = [
    ("sicurezza", "Sicurezza e degrado", POLICE, 5, 3, False, True, "Sicurezza, degrado"),
    ("strade", "Strade e marciapiedi", TECHNICAL, 15, 2, True, True, ROADS),
    ("acqua-fognature", "Acqua e fognature", "AcquaEnna", 5, 2, True, True,
     "Acqua, allagamenti, problemi fognari"),
    ("illuminazione", "Illuminazione pubblica", TECHNICAL, 10, 1, False, True, "Illuminazione pubblica"),
    ("rifiuti", "Rifiuti e pulizia", TECHNICAL, 7, 0, False, True, "Igiene urbana, rifiuti, pulizia e decoro"),
    ("edifici", "Edifici, muri e scuole", TECHNICAL, 15, 2, True, True,
     "Manutenzione immobili, edifici pubblici, scuole, barriere, cimiteri"),
    ("segnaletica", "Segnaletica e viabilità", POLICE, 10, 1, False, True, ROADS),
    ("verde", "Parchi e verde pubblico", TECHNICAL, 15, 1, True, True, "Parchi e verde pubblico"),
    ("animali", "Animali", POLICE, 7, 1, False, True, "Disinfestazione, derattizzazione, animali randagi"),
    ("ambiente", "Ambiente e inquinamento", POLICE, 10, 2, False, False, "Ambiente, inquinamento"),
    ("arredo-urbano", "Arredo urbano", TECHNICAL, 20, 0, False, False, "Arredo urbano"),
    ("quiete", "Ordine e quiete pubblica", POLICE, 5, 1, False, False,
     "Ordine pubblico, disturbo della quiete"),
    ("servizi", "Servizi del Comune", SECRETARIAT, 10, 0, False, False, "Servizi del comune"),
    ("altro", "Altro", SECRETARIAT, 20, 0, False, True, ""),
]  # fmt: skip


def install(apps, schema_editor):
    offices = {
        name: apps.get_model("reports", "Office").objects.get_or_create(
            name=name, defaults={"email": email, "external": external}
        )[0]
        for name, email, external in OFFICES
    }
    for order, (slug, name, office, days, points, weather, offered, standard) in enumerate(CATEGORIES):
        apps.get_model("reports", "ReportCategory").objects.get_or_create(
            slug=slug,
            defaults={
                "name": name,
                "office": offices[office],
                "working_days": days,
                "points": points,
                "weather": weather,
                "offered": offered,
                "standard": standard,
                "order": order,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_create_the_reports")]

    operations = [migrations.RunPython(install, migrations.RunPython.noop)]
