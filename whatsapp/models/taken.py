"""What every row has that workers take, work on and give back."""

from django.db import models


class Taken(models.Model):
    """A row of the inbox; `whatsapp.retries` says how often it is tried."""

    # Takings since the last one that ended, well or badly: more than the one under way were lost with their
    # worker.
    lost = models.PositiveSmallIntegerField("prese senza ritorno", default=0, db_default=0, editable=False)
    # No worker takes it again until a person asks for it.
    set_aside_at = models.DateTimeField("messo da parte", null=True, blank=True, editable=False)

    class Meta:
        abstract = True
