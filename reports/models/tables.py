"""Tables the staff keep: who handles what, and the words citizens get."""

from django.core.validators import MaxValueValidator
from django.db import models


class Office(models.Model):
    """Who handles reports, in the town hall or outside it."""

    name = models.CharField("nome", max_length=100, unique=True)
    email = models.EmailField(
        "e-mail", blank=True, help_text="Riceve una e-mail quando le si passa una segnalazione."
    )
    external = models.BooleanField(
        "ente esterno",
        default=False,
        help_text="Passargli una segnalazione la chiude come non di competenza.",
    )

    class Meta:
        verbose_name = "ufficio"
        verbose_name_plural = "uffici"
        ordering = ["external", "name"]

    def __str__(self) -> str:
        return self.name


class ReportCategory(models.Model):
    """What a report is about: who handles it and in how many working days."""

    slug = models.SlugField("codice", max_length=30, unique=True, editable=False)
    name = models.CharField("nome", max_length=60)
    office = models.ForeignKey(
        Office, verbose_name="ufficio", on_delete=models.PROTECT, related_name="categories"
    )
    working_days = models.PositiveSmallIntegerField("giorni lavorativi", default=20)
    points = models.PositiveSmallIntegerField(
        "punti di pericolo",
        default=0,
        validators=[MaxValueValidator(5)],
        help_text="Da 0 a 5: quanto pesa sulla gravità, a parità del resto.",
    )
    weather = models.BooleanField(
        "peggiora col maltempo",
        default=False,
        help_text="Durante un'allerta meteo queste segnalazioni salgono.",
    )
    offered = models.BooleanField(
        "proposta al cittadino",
        default=False,
        help_text="Nell'elenco che il cittadino riceve quando non si capisce di che cosa si tratta (al "
        "massimo dieci voci, titolo fino a 24 caratteri).",
    )
    standard = models.CharField(
        "categoria del Modello Comuni",
        max_length=100,
        blank=True,
        help_text="Nei dati esportati (requisito C.SI.2.4).",
    )
    order = models.PositiveSmallIntegerField("ordine", default=0)

    class Meta:
        verbose_name = "categoria di segnalazione"
        verbose_name_plural = "categorie di segnalazione"
        ordering = ["order", "name"]

    def __str__(self) -> str:
        return self.name


class ReplyText(models.Model):
    """A text sent to citizens about their reports; the staff edit it. Missing rows have a default."""

    slug = models.SlugField("codice", max_length=30, unique=True, editable=False)
    purpose = models.CharField("quando si usa", max_length=120, editable=False)
    body = models.TextField("testo", max_length=1000)

    class Meta:
        verbose_name = "testo delle risposte"
        verbose_name_plural = "testi delle risposte"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.purpose


class CannedReply(models.Model):
    """A ready answer that staff put into the box and change before sending."""

    title = models.CharField("titolo", max_length=60, unique=True)
    body = models.TextField(
        "testo",
        max_length=1000,
        help_text="{numero}, {ufficio}, {scadenza} e {link} diventano quelli della segnalazione.",
    )

    class Meta:
        verbose_name = "risposta pronta"
        verbose_name_plural = "risposte pronte"
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title
