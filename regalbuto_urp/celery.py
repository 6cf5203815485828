"""The Celery application. The database is the truth; a task is only a nudge to look at it."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_init
from django.utils.module_loading import import_string

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "regalbuto_urp.settings")

# What reads citizens' words: at first use each takes half a second to load its tables.
READERS = ("subscribers.keywords.recognise", "reports.severity.assess")
SENTENCE = "Buongiorno, in via Roma c'è una buca e sento odore di gas."

app = Celery("regalbuto_urp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def keep_our_logging(**_: Any) -> None:
    """Celery would replace the handlers, and with them the formatter that masks numbers."""


@worker_init.connect
def load_readers(**_: Any) -> None:
    """Before the first message comes, and not once in each thread: an OFF must not wait for it."""
    for name in READERS:
        import_string(name)(SENTENCE)
