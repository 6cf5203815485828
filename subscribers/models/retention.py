"""How long each kind of data is kept, and what went when."""

from django.db import models
from django.utils import timezone


class RetentionRule(models.Model):
    """How many days one kind of data is kept (`Clock` says what it is and what may be chosen)."""

    slug = models.SlugField("sigla", max_length=40, unique=True, editable=False)
    days = models.PositiveIntegerField("giorni")

    class Meta:
        verbose_name = "tempo di conservazione"
        verbose_name_plural = "tempi di conservazione"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.slug


class RetentionRun(models.Model):
    """What one daily run removed of one kind of data."""

    slug = models.SlugField("sigla", max_length=40)
    at = models.DateTimeField("quando", default=timezone.now)
    before = models.DateTimeField("più vecchi del")
    removed = models.PositiveIntegerField("tolti")

    class Meta:
        verbose_name = "cancellazione periodica"
        verbose_name_plural = "cancellazioni periodiche"
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.slug}, {timezone.localtime(self.at):%d/%m/%Y}"
