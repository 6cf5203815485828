"""Offices, categories, reports with their messages and history, and the texts for citizens."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import reports.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        
        ('whatsapp', '0001_create_the_channel'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CannedReply',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=60, unique=True, verbose_name='titolo')),
                ('body', models.TextField(help_text='{numero}, {ufficio}, {scadenza} e {link} diventano quelli della segnalazione.', max_length=1000, verbose_name='testo')),
            ],
            options={
                'verbose_name': 'risposta pronta',
                'verbose_name_plural': 'risposte pronte',
                'ordering': ['title'],
            },
        ),
        migrations.CreateModel(
            name='Numbering',
            fields=[
                ('year', models.PositiveSmallIntegerField(primary_key=True, serialize=False, verbose_name='anno')),
                ('last', models.PositiveIntegerField(default=0, verbose_name='ultimo numero')),
            ],
            options={
                'verbose_name': 'numerazione',
                'verbose_name_plural': 'numerazione',
            },
        ),
        migrations.CreateModel(
            name='Office',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, unique=True, verbose_name='nome')),
                ('email', models.EmailField(blank=True, help_text='Riceve una e-mail quando le si passa una segnalazione.', max_length=254, verbose_name='e-mail')),
                ('external', models.BooleanField(default=False, help_text='Passargli una segnalazione la chiude come non di competenza.', verbose_name='ente esterno')),
            ],
            options={
                'verbose_name': 'ufficio',
                'verbose_name_plural': 'uffici',
                'ordering': ['external', 'name'],
            },
        ),
        migrations.CreateModel(
            name='ReplyText',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(editable=False, max_length=30, unique=True, verbose_name='codice')),
                ('purpose', models.CharField(editable=False, max_length=120, verbose_name='quando si usa')),
                ('body', models.TextField(max_length=1000, verbose_name='testo')),
            ],
            options={
                'verbose_name': 'testo delle risposte',
                'verbose_name_plural': 'testi delle risposte',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='ReportCategory',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(editable=False, max_length=30, unique=True, verbose_name='codice')),
                ('name', models.CharField(max_length=60, verbose_name='nome')),
                ('working_days', models.PositiveSmallIntegerField(default=20, verbose_name='giorni lavorativi')),
                ('points', models.PositiveSmallIntegerField(default=0, help_text='Da 0 a 5: quanto pesa sulla gravità, a parità del resto.', validators=[django.core.validators.MaxValueValidator(5)], verbose_name='punti di pericolo')),
                ('weather', models.BooleanField(default=False, help_text="Durante un'allerta meteo queste segnalazioni salgono.", verbose_name='peggiora col maltempo')),
                ('offered', models.BooleanField(default=False, help_text="Nell'elenco che il cittadino riceve quando non si capisce di che cosa si tratta (al massimo dieci voci, titolo fino a 24 caratteri).", verbose_name='proposta al cittadino')),
                ('standard', models.CharField(blank=True, help_text='Nei dati esportati (requisito C.SI.2.4).', max_length=100, verbose_name='categoria del Modello Comuni')),
                ('order', models.PositiveSmallIntegerField(default=0, verbose_name='ordine')),
                ('office', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='categories', to='reports.office', verbose_name='ufficio')),
            ],
            options={
                'verbose_name': 'categoria di segnalazione',
                'verbose_name_plural': 'categorie di segnalazione',
                'ordering': ['order', 'name'],
            },
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(editable=False, max_length=12, unique=True, verbose_name='numero')),
                ('category_by_staff', models.BooleanField(default=False, verbose_name='categoria scelta da noi')),
                ('summary', models.TextField(blank=True, verbose_name='testo')),
                ('latitude', models.FloatField(blank=True, null=True, verbose_name='latitudine')),
                ('longitude', models.FloatField(blank=True, null=True, verbose_name='longitudine')),
                ('address', models.CharField(blank=True, max_length=200, verbose_name='indirizzo')),
                ('inside_town', models.BooleanField(blank=True, null=True, verbose_name='nel territorio')),
                ('level', models.PositiveSmallIntegerField(default=1, verbose_name='gravità')),
                ('level_by_staff', models.BooleanField(default=False, verbose_name='gravità decisa da noi')),
                ('score', models.PositiveSmallIntegerField(default=10, verbose_name='punteggio')),
                ('reasons', models.JSONField(blank=True, default=list, verbose_name='perché è qui')),
                ('state', models.CharField(choices=[('received', 'ricevuta'), ('verifying', 'in verifica'), ('taken', 'presa in carico'), ('working', 'in lavorazione'), ('resolved', 'risolta'), ('not_ours', 'non di competenza'), ('rejected', 'non accolta'), ('duplicate', 'duplicata'), ('cancelled', 'annullata'), ('reopened', 'riaperta')], default='received', max_length=10, verbose_name='stato')),
                ('token', models.CharField(default=reports.models.new_token, editable=False, max_length=40, unique=True)),
                ('opened_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='ricevuta')),
                ('last_item_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='ultimo messaggio')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='chiusa')),
                ('due_on', models.DateField(blank=True, null=True, verbose_name='da chiudere entro')),
                ('answered_at', models.DateTimeField(blank=True, null=True, verbose_name='prima risposta di una persona')),
                ('asked', models.JSONField(blank=True, default=list, editable=False, verbose_name='già chiesto')),
                ('asked_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='ultima risposta automatica')),
                ('ask_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='prossima domanda')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='completata dal cittadino')),
                ('owed', models.TextField(blank=True, verbose_name='da dire al cittadino')),
                ('rating', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='voto del cittadino')),
                ('to_register', models.BooleanField(default=False, verbose_name='da protocollare')),
                ('protocol_number', models.CharField(blank=True, max_length=20, verbose_name='numero di protocollo')),
                ('protocol_date', models.DateField(blank=True, null=True, verbose_name='data di protocollo')),
                ('assigned_to', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='reports', to=settings.AUTH_USER_MODEL, verbose_name='se ne occupa')),
                ('contact', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='whatsapp.contact', verbose_name='cittadino')),
                ('duplicate_of', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='duplicates', to='reports.report', verbose_name='unita a')),
                ('office', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='reports.office', verbose_name='ufficio')),
                ('category', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='reports.reportcategory', verbose_name='categoria')),
            ],
            options={
                'verbose_name': 'segnalazione',
                'verbose_name_plural': 'segnalazioni',
                "permissions": [("treat_report", "Può trattare le segnalazioni"), ("export_report", "Può esportare le segnalazioni, senza dati personali")],
            },
        ),
        migrations.CreateModel(
            name='ReportEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('opened', 'ricevuta'), ('asked', 'chiesto al cittadino'), ('added', 'aggiunta del cittadino'), ('ended', 'completata dal cittadino'), ('danger', 'pericolo segnalato'), ('verifying', 'in verifica'), ('taken', 'presa in carico'), ('assigned', 'affidata'), ('started', 'lavori iniziati'), ('answered', 'risposta al cittadino'), ('noted', 'nota interna'), ('weighed', 'gravità decisa da una persona'), ('reclassified', 'categoria cambiata'), ('handed_over', 'passata a un altro ufficio'), ('closed', 'chiusa'), ('reopened', 'riaperta'), ('changed', 'messaggio modificato o ritirato dal cittadino'), ('located', 'luogo indicato'), ('joined', "unita a un'altra segnalazione"), ('rated', 'voto del cittadino'), ('registered', 'protocollo'), ('told', 'detto al cittadino ciò che restava da dire')], max_length=12, verbose_name='che cosa')),
                ('at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='quando')),
                ('from_state', models.CharField(blank=True, choices=[('received', 'ricevuta'), ('verifying', 'in verifica'), ('taken', 'presa in carico'), ('working', 'in lavorazione'), ('resolved', 'risolta'), ('not_ours', 'non di competenza'), ('rejected', 'non accolta'), ('duplicate', 'duplicata'), ('cancelled', 'annullata'), ('reopened', 'riaperta')], max_length=10, verbose_name='da')),
                ('to_state', models.CharField(blank=True, choices=[('received', 'ricevuta'), ('verifying', 'in verifica'), ('taken', 'presa in carico'), ('working', 'in lavorazione'), ('resolved', 'risolta'), ('not_ours', 'non di competenza'), ('rejected', 'non accolta'), ('duplicate', 'duplicata'), ('cancelled', 'annullata'), ('reopened', 'riaperta')], max_length=10, verbose_name='a')),
                ('text', models.TextField(blank=True, verbose_name='testo')),
                ('actor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='report_events', to=settings.AUTH_USER_MODEL, verbose_name='chi')),
                ('message_to_citizen', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='report_events', to='whatsapp.message', verbose_name='messaggio al cittadino')),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='reports.report', verbose_name='segnalazione')),
            ],
            options={
                'verbose_name': 'fatto della segnalazione',
                'verbose_name_plural': 'storia delle segnalazioni',
                'ordering': ['at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='ReportItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='report_item', to='whatsapp.message', verbose_name='messaggio')),
                ('report', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='reports.report', verbose_name='segnalazione')),
            ],
            options={
                'verbose_name': 'messaggio della segnalazione',
                'verbose_name_plural': 'messaggi della segnalazione',
            },
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('state__in', ('received', 'verifying', 'taken', 'working', 'reopened'))), fields=['contact', '-last_item_at'], name='report_of_contact'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('state__in', ('received', 'reopened'))), fields=['opened_at'], name='report_waiting'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('state__in', ('received', 'verifying', 'taken', 'working', 'reopened'))), fields=['due_on'], name='report_due'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('owed', ''), _negated=True), fields=['contact'], name='report_owed'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(condition=models.Q(('ask_at__isnull', False)), fields=['ask_at'], name='report_ask'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['latitude', 'longitude'], name='report_point'),
        ),
        migrations.AddIndex(
            model_name='report',
            index=models.Index(fields=['-opened_at'], name='report_opened'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(('level__range', (1, 4))), name='report_level'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['received', 'verifying', 'taken', 'working', 'resolved', 'not_ours', 'rejected', 'duplicate', 'cancelled', 'reopened'])), name='report_state'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('inside_town__isnull', True), ('latitude__isnull', True), ('longitude__isnull', True)), models.Q(('inside_town__isnull', False), ('latitude__range', (-90, 90)), ('longitude__range', (-180, 180))), _connector='OR'), name='report_place'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(('rating__range', (1, 5))), name='report_rating'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(('duplicate_of__isnull', True), models.Q(models.Q(('duplicate_of', models.F('pk')), _negated=True), models.Q(('state__in', ('received', 'verifying', 'taken', 'working', 'reopened')), _negated=True)), _connector='OR'), name='report_duplicate'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('protocol_date__isnull', True), ('protocol_number', '')), models.Q(models.Q(('protocol_number', ''), _negated=True), ('protocol_date__isnull', False)), _connector='OR'), name='report_protocol'),
        ),
        migrations.AddConstraint(
            model_name='report',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('state__in', ('received', 'verifying', 'taken', 'working', 'reopened'))), models.Q(models.Q(('state__in', ('received', 'verifying', 'taken', 'working', 'reopened')), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='report_closed_at'),
        ),
    ]
