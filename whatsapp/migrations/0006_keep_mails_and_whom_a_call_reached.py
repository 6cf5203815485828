import django.utils.timezone
from django.db import migrations, models

import whatsapp.models.on_call


def give_tokens(apps, schema_editor):
    for call in apps.get_model("whatsapp", "Call").objects.filter(token=None):
        call.token = whatsapp.models.on_call.new_token()
        call.save(update_fields=["token"])


class Migration(migrations.Migration):
    dependencies = [("whatsapp", "0005_know_numbers_in_both_spellings")]

    operations = [
        migrations.CreateModel(
            name="Mail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.EmailField(max_length=254, verbose_name="indirizzo")),
                ("subject", models.CharField(max_length=300, verbose_name="oggetto")),
                ("text", models.TextField(blank=True, verbose_name="testo")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="data")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="tentativi")),
                (
                    "due_at",
                    models.DateTimeField(
                        blank=True, default=django.utils.timezone.now, null=True, verbose_name="prossimo tentativo"
                    ),
                ),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="spedita")),
                ("error", models.CharField(blank=True, max_length=200, verbose_name="errore")),
            ],
            options={
                "verbose_name": "e-mail",
                "verbose_name_plural": "e-mail",
                "indexes": [
                    models.Index(
                        condition=models.Q(("due_at__isnull", False)), fields=["due_at"], name="mail_due"
                    )
                ],
            },
        ),
        migrations.AlterField(
            model_name="call",
            name="called",
            field=models.ManyToManyField(
                related_name="+", to="whatsapp.staffphone", verbose_name="persone chiamate"
            ),
        ),
        migrations.AddField(
            model_name="call",
            name="told_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="ultima volta"),
        ),
        migrations.AddField(
            model_name="call",
            name="contents",
            field=models.ManyToManyField(editable=False, related_name="+", to="whatsapp.content"),
        ),
        migrations.AddField(
            model_name="call",
            name="mails",
            field=models.ManyToManyField(editable=False, related_name="+", to="whatsapp.mail"),
        ),
        migrations.AddField(
            model_name="call", name="token", field=models.CharField(max_length=40, null=True, editable=False)
        ),
        migrations.RunPython(give_tokens, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="call",
            name="token",
            field=models.CharField(
                default=whatsapp.models.on_call.new_token, editable=False, max_length=40, unique=True
            ),
        ),
    ]
