"""Citizens' keywords: what they ask of their subscription is done and answered, everything else passes on."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial

from subscribers import consent, texts, welcomes
from subscribers.keywords import Recognition, recognise
from subscribers.models import Topic
from whatsapp import outbox
from whatsapp.models import Contact, Message
from whatsapp.types import Kind

# Ids of the buttons that ask back.
YES_ON, YES_OFF, NO = "consent:on", "consent:off", "consent:no"
_TAPPED = {YES_ON: Recognition("on"), YES_OFF: Recognition("off")}
# A caption («cancellatemi» under a picture) or a corrected message may leave, never join.
LEAVE_ONLY = {Kind.IMAGE, Kind.VIDEO, Kind.DOCUMENT, Kind.EDIT}


def handle(message: Message) -> bool:
    """Act on a keyword or a tapped button; False if the message is about something else."""
    if message.content.kind == Kind.BUTTON_REPLY and message.content.payload == NO:
        consent.resolve_doubt(message.contact)
        _reply(message, "unchanged")
        return True
    asked = _what_is_asked(message)
    action = _ACTIONS.get(asked.intent)
    # Who is blocked may still leave, and nothing else: after an unblock they must not be written to again.
    if action is None or (message.contact.blocked and asked.intent not in {"off", "topic_off"}):
        return False
    action(message, asked)
    return True


def _what_is_asked(message: Message) -> Recognition:
    content = message.content
    if content.kind == Kind.BUTTON_REPLY:
        return _TAPPED.get(content.payload) or recognise(content.payload or content.text, _topics())
    if content.kind == Kind.TEXT:
        return recognise(content.text, _topics())
    if content.kind in LEAVE_ONLY and recognise(content.text).intent == "off":
        return Recognition("off")
    return Recognition("other")


def _topics() -> dict[str, list[str]]:
    return {topic.slug: [topic.name, *topic.words] for topic in Topic.objects.all()}


def _reply(message: Message, slug: str, *, buttons: tuple[tuple[str, str], ...] = (), **values: str) -> None:
    contact = message.contact
    subscriber = consent.active(contact)
    if subscriber:
        kept = Topic.objects.exclude(pk__in=subscriber.left_topics.values("topic"))
        values = _standing(kept, subscriber.since) | values
    # Whoever leaves is told so, however much they write.
    outbox.reply(contact, texts.fill(slug, **values), buttons=buttons, automatic=slug != "goodbye")


def _standing(kept: Iterable[Topic], since: datetime) -> dict[str, str]:
    topics = ", ".join(topic.name for topic in kept) or "nessun argomento"
    return {"topics": topics, "since": texts.date_of(since)}


def last_off(contact: Contact, since: datetime) -> Message | None:
    """The last message with which this person, by any of their contacts, asked to leave since then.

    Webhooks come in any order, and an OFF of somebody who was not subscribed leaves no line in the register.
    """
    words = Message.objects.filter(contact__in=contact.rows(), inbound=True, sent_at__gte=since)
    latest_first = words.select_related("content").order_by("-sent_at", "-pk")
    return next((message for message in latest_first if _what_is_asked(message).intent == "off"), None)


def _on(message: Message, asked: Recognition) -> None:
    contact = message.contact
    when = message.sent_at or message.created_at
    overtaken = last_off(contact, when)
    shown = texts.fill("welcome", **_standing(Topic.objects.all(), when))
    if overtaken is None and consent.subscribe(contact, message=message, shown=shown):
        welcomes.expect(contact, outbox.reply(contact, shown, automatic=True))
    elif consent.is_subscribed(contact):
        consent.resolve_doubt(contact)
        _reply(message, "already")
    else:
        _reply(message, "not-subscribed")


def _off(message: Message, asked: Recognition) -> None:
    left = consent.leave(message.contact, message=message)
    subscribed = not left and consent.is_subscribed(message.contact)
    _reply(message, "goodbye" if left else "already" if subscribed else "not-subscribed")


def _topic(act: Callable[..., bool], slug: str, message: Message, asked: Recognition) -> None:
    topic = Topic.objects.get(slug=asked.topic)
    act(message.contact, topic, message=message)
    if consent.is_subscribed(message.contact):
        _reply(message, slug, topic=topic.name)
    else:
        _reply(message, "not-subscribed")


def _ask_on(message: Message, asked: Recognition) -> None:
    if consent.is_subscribed(message.contact):
        _reply(message, "already")
    else:
        _reply(message, "ask-on", buttons=((YES_ON, "Sì, mi iscrivo"), (NO, "No")))


def _ask_off(message: Message, asked: Recognition) -> None:
    if consent.is_subscribed(message.contact):
        consent.doubt(message.contact)
        _reply(message, "ask-off", buttons=((YES_OFF, "Sì, mi cancello"), (NO, "No, resto")))
    else:
        _reply(message, "not-subscribed")


def _help(message: Message, asked: Recognition) -> None:
    """The instructions, and the next step at a tap: a button that says a keyword is that keyword."""
    words = ("STATO", "ISCRIZIONE OFF") if consent.is_subscribed(message.contact) else ("ISCRIZIONE ON",)
    _reply(message, "help", buttons=tuple((word, word) for word in words))


def _status(message: Message, asked: Recognition) -> None:
    _reply(message, "status" if consent.is_subscribed(message.contact) else "not-subscribed")


_ACTIONS: dict[str, Callable[[Message, Recognition], None]] = {
    "on": _on,
    "off": _off,
    "topic_on": partial(_topic, consent.keep_topic, "topic-kept"),
    "topic_off": partial(_topic, consent.leave_topic, "topic-left"),
    "ask_on": _ask_on,
    "ask_off": _ask_off,
    "status": _status,
    "help": _help,
}
