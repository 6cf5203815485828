"""What messages cost, what may be spent, texts ready to be filled; who is writing a draft."""

import json
from pathlib import Path

import django.core.validators
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


DATA = Path(__file__).resolve().parent.parent / "data"


def seed_prices(apps, schema_editor=None):
    Price = apps.get_model("broadcasts", "Price")
    for row in json.loads((DATA / "prices.json").read_text(encoding="utf-8")):
        Price.objects.create(**row)


def seed_texts(apps, schema_editor=None):
    Category = apps.get_model("broadcasts", "Category")
    NoticeText = apps.get_model("broadcasts", "NoticeText")
    categories = {category.slug: category for category in Category.objects.all()}
    for order, row in enumerate(json.loads((DATA / "texts.json").read_text(encoding="utf-8")), 1):
        if category := categories.get(row["category"]):
            NoticeText.objects.create(**{**row, "category": category, "order": 10 * order})


class Migration(migrations.Migration):

    dependencies = [
        ('broadcasts', '0002_seed_categories_and_templates'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='broadcast',
            name='edited_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='modificato'),
        ),
        migrations.AddField(
            model_name='broadcast',
            name='edited_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='modificato da'),
        ),
        migrations.AddField(
            model_name='broadcast',
            name='key',
            field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
        ),
        migrations.AddField(
            model_name='broadcast',
            name='revision',
            field=models.PositiveIntegerField(default=0, editable=False, verbose_name='salvataggi'),
        ),
        migrations.CreateModel(
            name='Budget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text='Il primo giorno del mese. Vale finché non ne comincia un altro.', unique=True, verbose_name='dal mese')),
                ('euro', models.DecimalField(decimal_places=2, max_digits=9, validators=[django.core.validators.MinValueValidator(0)], verbose_name='euro al mese')),
            ],
            options={
                'verbose_name': 'spesa prevista',
                'verbose_name_plural': 'spese previste',
                'ordering': ['-month'],
                'constraints': [models.CheckConstraint(condition=models.Q(('euro__gte', 0)), name='budget_not_negative'), models.CheckConstraint(condition=models.Q(('month__day', 1)), name='budget_from_first_day')],
            },
        ),
        migrations.CreateModel(
            name='NoticeText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True, verbose_name='nome')),
                ('title', models.CharField(help_text='Ciò che cambia tra graffe, per esempio {via}.', max_length=80, verbose_name='titolo')),
                ('text', models.TextField(max_length=800, verbose_name='testo')),
                ('order', models.PositiveSmallIntegerField(default=10, verbose_name='ordine')),
                ('active', models.BooleanField(default=True, help_text='Se no, non si propone per i nuovi avvisi.', verbose_name='in uso')),
                ('category', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ready_texts', to='broadcasts.category', verbose_name='categoria')),
            ],
            options={
                'verbose_name': 'avviso già pronto',
                'verbose_name_plural': 'avvisi già pronti',
                'ordering': ['category__order', 'order', 'name'],
            },
        ),
        migrations.CreateModel(
            name='Price',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(verbose_name='dal')),
                ('kind', models.CharField(choices=[('utility', 'servizio (avvisi e allerte)'), ('marketing', 'promozione (eventi)'), ('authentication', 'codici di accesso'), ('service', 'risposte senza modello')], max_length=14, verbose_name='genere')),
                ('euro', models.DecimalField(decimal_places=4, max_digits=7, validators=[django.core.validators.MinValueValidator(0)], verbose_name='euro per messaggio')),
                ('free_in_window', models.BooleanField(default=False, help_text="Nelle 24 ore dopo l'ultimo messaggio del cittadino.", verbose_name='gratis a chi ha scritto')),
                ('free_monthly', models.PositiveIntegerField(default=0, help_text='I primi del mese.', verbose_name='gratis ogni mese')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='da dove viene')),
            ],
            options={
                'verbose_name': 'prezzo di WhatsApp',
                'verbose_name_plural': 'prezzi di WhatsApp',
                'ordering': ['-day', 'kind'],
                'constraints': [models.UniqueConstraint(fields=('day', 'kind'), name='price_once'), models.CheckConstraint(condition=models.Q(('euro__gte', 0)), name='price_not_negative')],
            },
        ),
        migrations.RunPython(seed_prices, migrations.RunPython.noop),
        migrations.RunPython(seed_texts, migrations.RunPython.noop),
    ]
