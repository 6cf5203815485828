"""The Celery application. The database is the truth; a task is only a nudge to look at it."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regalbuto_urp.settings")

app = Celery("regalbuto_urp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery would replace the handlers, and with them the formatter that masks numbers."""
