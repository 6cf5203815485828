"""Tables the staff keep: what messages cost, what may be spent, texts ready to be filled."""

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

TITLE_LIMIT = 80


class Price(models.Model):
    """What WhatsApp asks for a message from a day on, until a later row of the same kind."""

    class Kind(models.TextChoices):
        """As Meta's price list has them; the first three are the categories of templates."""

        UTILITY = "utility", "servizio (avvisi e allerte)"
        MARKETING = "marketing", "promozione (eventi)"
        AUTHENTICATION = "authentication", "codici di accesso"
        SERVICE = "service", "risposte senza modello"

    day = models.DateField("dal")
    kind = models.CharField("genere", max_length=14, choices=Kind.choices)
    euro = models.DecimalField(
        "euro per messaggio", max_digits=7, decimal_places=4, validators=[MinValueValidator(0)]
    )
    free_in_window = models.BooleanField(
        "gratis a chi ha scritto",
        default=False,
        help_text="Nelle 24 ore dopo l'ultimo messaggio del cittadino.",
    )
    free_monthly = models.PositiveIntegerField("gratis ogni mese", default=0, help_text="I primi del mese.")
    note = models.CharField("da dove viene", max_length=300, blank=True)

    class Meta:
        verbose_name = "prezzo di WhatsApp"
        verbose_name_plural = "prezzi di WhatsApp"
        ordering = ["-day", "kind"]
        constraints = [
            models.UniqueConstraint(fields=["day", "kind"], name="price_once"),
            models.CheckConstraint(name="price_not_negative", condition=Q(euro__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} dal {self.day:%d/%m/%Y}"


class Budget(models.Model):
    """What the messages of a month may cost, from a month on, until a later row."""

    month = models.DateField(
        "dal mese", unique=True, help_text="Il primo giorno del mese. Vale finché non ne comincia un altro."
    )
    euro = models.DecimalField(
        "euro al mese", max_digits=9, decimal_places=2, validators=[MinValueValidator(0)]
    )

    class Meta:
        verbose_name = "spesa prevista"
        verbose_name_plural = "spese previste"
        ordering = ["-month"]
        constraints = [
            models.CheckConstraint(name="budget_not_negative", condition=Q(euro__gte=0)),
            models.CheckConstraint(name="budget_from_first_day", condition=Q(month__day=1)),
        ]

    def __str__(self) -> str:
        return f"{self.euro} € al mese dal {self.month:%m/%Y}"

    def clean(self) -> None:
        if self.month and self.month.day != 1:
            raise ValidationError({"month": "Scegli il primo giorno del mese, per esempio il 1° gennaio."})


class NoticeText(models.Model):
    """A notice half written, with {fields} to fill: at three in the morning nobody writes prose."""

    category = models.ForeignKey(
        "broadcasts.Category", verbose_name="categoria", on_delete=models.CASCADE, related_name="ready_texts"
    )
    name = models.CharField("nome", max_length=60, unique=True)
    title = models.CharField(
        "titolo", max_length=TITLE_LIMIT, help_text="Ciò che cambia tra graffe, per esempio {via}."
    )
    text = models.TextField("testo", max_length=800)
    order = models.PositiveSmallIntegerField("ordine", default=10)
    active = models.BooleanField(
        "in uso", default=True, help_text="Se no, non si propone per i nuovi avvisi."
    )

    class Meta:
        verbose_name = "avviso già pronto"
        verbose_name_plural = "avvisi già pronti"
        ordering = ["category__order", "order", "name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        for name in ("title", "text"):
            if getattr(self, name).count("{") != getattr(self, name).count("}"):
                raise ValidationError(
                    {name: "C'è una graffa senza la sua compagna: scrivi i campi così: {via}."}
                )
