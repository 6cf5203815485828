"""Inbound handlers for tests of the walk."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from whatsapp.models import Message

seen: list[str] = []


def remember(message: Message) -> bool:
    seen.append(message.text)
    return True


def fail(message: Message) -> bool:
    raise RuntimeError("on purpose")


def refuse_all(messages: Sequence[Message]) -> dict[int, str]:
    return {message.pk: "si è cancellato alle 10:03" for message in messages}


def postpone_all(messages: Sequence[Message]) -> dict[int, datetime]:
    return {message.pk: timezone.now() + timedelta(minutes=1) for message in messages}
