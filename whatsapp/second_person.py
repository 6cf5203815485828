"""Changes that need two administrators go through a function of the project, which knows who they are."""

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


def propose(kind: str, **details: Any) -> Any:
    """Make a change, or ask another administrator to confirm it.

    Args:
        kind, details: as the function that `SECOND_PERSON` names takes them: `by`, `target`, `values`,
            `summary`, `reason`.

    Returns:
        The request that waits for another administrator; None: the change is made.
    """
    return import_string(settings.SECOND_PERSON)(kind, **details)
