"""What staff do that changes no watched row by itself, written in django-auditlog's log (DESIGN 4).

Objects go by their number, never by a person's name: the log is not erased with the person's data. The
middleware tells who acts.
"""

from typing import Any

from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model


def note_opening(instance: Model, name: str = "") -> None:
    """Somebody has opened a page or a file. `name`: its number, where that is not its key."""
    LogEntry.objects.log_create(
        instance, action=LogEntry.Action.ACCESS, force_log=True, object_repr=name or str(instance.pk)
    )


def note_change(instance: Model, field: str, before: object, after: object) -> None:
    """A change made past `save()`: of many rows at once, or of a table too busy to be watched."""
    LogEntry.objects.log_create(
        instance,
        action=LogEntry.Action.UPDATE,
        changes={field: [str(before), str(after)]},
        object_repr=str(instance.pk),
    )


def begin_export(model: type[Model], form: str, **told: object) -> Any:
    """A list is about to leave, in a form such as «CSV». Until `end_export` the entry says that it did not
    leave whole."""
    return LogEntry.objects.create(
        content_type=ContentType.objects.get_for_model(model),
        object_repr=f"Esportazione {form}: {model._meta.verbose_name_plural}",
        action=LogEntry.Action.ACCESS,
        additional_data={**told, "completed": False},
    )


def end_export(entry: Any, **told: object) -> None:
    """The last byte has left. Past `save()`, which after the answer would no longer know who acted."""
    told = {**entry.additional_data, **told, "completed": True}
    LogEntry.objects.filter(pk=entry.pk).update(additional_data=told)
