from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0004_set_lost_rows_aside")]

    operations = [
        migrations.AddField(
            model_name="contact",
            name="wa_number",
            field=models.CharField(
                blank=True, editable=False, max_length=16, null=True, unique=True,
                verbose_name="numero scritto da WhatsApp",
            ),
        ),
        migrations.AddField(
            model_name="identityconflict",
            name="claimed",
            field=models.BooleanField(default=False, verbose_name="numero solo dichiarato"),
        ),
    ]
