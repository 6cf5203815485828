"""What staff do that changes no watched row by itself, written in django-auditlog's log (DESIGN 4)."""

from auditlog.models import LogEntry
from django.db.models import Model


def note_opening(instance: Model) -> None:
    """Somebody has opened a file or a person's data; the middleware knows who."""
    LogEntry.objects.log_create(
        instance, action=LogEntry.Action.ACCESS, force_log=True, object_repr=str(instance.pk)
    )


def note_change(instance: Model, field: str, before: object, after: object) -> None:
    """A change made past `save()`: of many rows at once, or of a table too busy to be watched.

    The object goes by its number: the log is not erased with the person's data.
    """
    LogEntry.objects.log_create(
        instance,
        action=LogEntry.Action.UPDATE,
        changes={field: [str(before), str(after)]},
        object_repr=str(instance.pk),
    )
