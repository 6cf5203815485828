"""What is answered at once is so at that moment: nobody has been told yet, a number is not yet taken over."""

from django.db import migrations

# Slug: what it said, what it says.
TEXTS = {
    "paged": ("abbiamo avvisato chi è di turno.", "stiamo avvisando chi è di turno."),
    "number_thanks": (
        "Grazie: adesso abbiamo il tuo numero e possiamo ricontattarti.",
        "Grazie: abbiamo ricevuto il tuo numero.",
    ),
}
PURPOSE = "Pericolo: chi è di turno viene avvisato in questo momento"


def reword(apps, schema_editor):
    """A text that the staff have changed is theirs."""
    texts = apps.get_model("reports", "ReplyText").objects
    for slug, (before, after) in TEXTS.items():
        texts.filter(slug=slug, body=before).update(body=after)
    texts.filter(slug="paged").update(purpose=PURPOSE)


class Migration(migrations.Migration):
    dependencies = [("reports", "0005_install_the_template_of_answers")]

    operations = [migrations.RunPython(reword, migrations.RunPython.noop)]
