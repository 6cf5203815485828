"""A register line for a change of number or of WhatsApp's identifier."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0002_seed_topics_texts_and_policy")]

    operations = [
        migrations.AlterField(
            "consentevent",
            "kind",
            models.CharField(
                "evento",
                max_length=10,
                choices=[
                    ("on", "iscrizione"),
                    ("off", "cancellazione"),
                    ("topic_off", "argomento lasciato"),
                    ("topic_on", "argomento ripreso"),
                    ("identity", "identità cambiata"),
                ],
            ),
        )
    ]
