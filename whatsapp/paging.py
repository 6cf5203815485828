"""Calling the staff when something cannot wait, again and again until somebody takes charge."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from whatsapp import channels, claims, contents, mail, outbox, phones, signals, templates
from whatsapp.errors import ContentError
from whatsapp.models import Call, Contact, Content, Mail, Message, StaffPhone, Template
from whatsapp.types import Kind, Lane, State

logger = logging.getLogger(__name__)

# Installed by a migration: {{1}} the reason, {{2}} the text, or who takes care of it.
CALL, TAKEN = "chiamata_di_turno", "chiamata_presa_in_carico"
LABEL, PAYLOAD = "Me ne occupo", "call:"
# After so many nobody will answer: it stays in `unanswered`.
ROUNDS = 6
# What is new about a call that has been told once is told so soon after, instead of with the next round.
NEWS_AFTER = timedelta(minutes=1)
HANDED_OVER = (State.ACCEPTED, State.SENT, State.DELIVERED, State.READ)
REASON_LIMIT = 200
NOT_STAFF = (
    "Questo pulsante è per il personale di turno del Comune. Per una segnalazione scrivi qui; in caso di "
    "pericolo chiama il 112."
)
GONE = "Questa chiamata non c'è più, o non era per questo telefono: non devi fare nulla."
REFUSED = "{} La chiamata va avanti: chiediamo ancora agli altri."
YOURS = "Va bene: «{}» è in carico a te. Lo diciamo agli altri."
SETTLED = "Di «{}» si occupa già qualcuno{}: non devi fare altro."


@dataclass(frozen=True, kw_only=True)
class _Words:
    """One thing for several people, in each way it may reach them.

    Attributes:
        free: for WhatsApp inside the 24-hour window; with the template and its parameters outside.
        buttons: of the free text; `ends`: what the template's buttons carry, by their type.
    """

    subject: str
    mail: str
    free: str
    template: str
    parameters: Sequence[str]
    buttons: Sequence[tuple[str, str]] = ()
    ends: Mapping[str, str] = field(default_factory=dict)
    expires_at: datetime | None = None

    def content(self, *, window_open: bool) -> Content:
        """Raises ContentError: the template cannot be used."""
        if window_open:
            return contents.text(self.free, buttons=self.buttons, expires_at=self.expires_at)
        template = Template.objects.filter(name=self.template, language="it").first()
        if template is None:
            raise ContentError(f"Il modello «{self.template}» non c'è più.")
        *others, last = self.parameters
        room = templates.room_for(template, [*others, ""])
        return contents.from_template(
            template,
            [*others, _cut(templates.clean_parameter(last) or "–", room)],
            button_parameters=[(button["type"], self.ends[button["type"]]) for button in template.buttons],
            expires_at=self.expires_at,
        )


@transaction.atomic
def page(reason: str, text: str, *, key: str = "", path: str = "", everybody: bool = False) -> int:
    """Tell who is on duty, by e-mail and on WhatsApp; everybody if of them nobody can be told.

    Args:
        reason: one line, the subject.
        text: what happened and what to do, in Italian. Numbers in it are masked.
        key: what it is about, such as `notice-17`: it is told again, soon to everybody, until `settle` or
            until somebody taps «Me ne occupo» (the signal `page_taken`). While that goes on, asking again
            changes the words, which are told with one of the same rounds. Empty: told once.
        path: of this site's page to open, as `reverse` gives it.
        everybody: at once, on duty or not.

    Returns:
        How many people it is on its way to; `reached` says later who got it.
    """
    words = {
        "reason": phones.masked(templates.clean_parameter(reason))[:REASON_LIMIT] or "chiamata",
        "text": phones.masked(text).strip(),
        "path": path,
    }
    if not key:
        return _tell_next(Call.objects.create(**words), at_once=everybody)
    running = Call.objects.select_for_update()
    call, created = running.get_or_create(key=key, settled_at=None, defaults=words)
    if created:
        return _tell_next(call, at_once=everybody)
    return _update(call, words, at_once=everybody)


def _update(call: Call, words: Mapping[str, str], *, at_once: bool) -> int:
    """Say more about a call under way, or begin one again that nobody answered: never faster than its
    rounds, however often it is asked for."""
    now = timezone.now()
    told_at = call.told_at or now
    news = call.text != words["text"]
    for name, value in words.items():
        setattr(call, name, value)
    if call.due_at is None:
        call.rounds = 0
        if told_at + settings.ESCALATE_AFTER <= now:
            return _tell_next(call, at_once=at_once)
        call.due_at = told_at + settings.ESCALATE_AFTER
    elif news and call.rounds == 1:
        call.due_at = min(call.due_at, max(now, told_at + NEWS_AFTER))
    call.save()
    return call.called.count()


def write(people: Iterable[User], reason: str, text: str, *, path: str = "") -> None:
    """Tell these people by e-mail and in no other way; who has no address is not told."""
    link = f"{settings.SITE_URL}{path}" if path else ""
    _mail([user.email for user in people], reason, "\n\n".join(filter(None, [text, link])))


def _mail(addresses: Sequence[str], subject: str, text: str) -> list[Mail]:
    return mail.enqueue(addresses, f"WhatsURP: {subject}", text)


def reached(call: Call) -> int:
    """How many of those called have got it: WhatsApp has taken the message, or a mail server the e-mail."""
    mailed = set(call.mails.exclude(sent_at=None).values_list("address", flat=True))
    taken = Message.objects.filter(content__in=call.contents.all(), inbound=False, state__in=HANDED_OVER)
    people = {message.contact.person.pk for message in taken.select_related("contact__merged_into")}
    called = call.called.select_related("user", "contact__merged_into")
    return sum(phone.user.email in mailed or phone.contact.person.pk in people for phone in called)


def settle(key: str, user: User | None = None) -> None:
    """Somebody took charge, or it is over: no more rounds. Told who, the others who were called hear it.

    Idempotent. Whoever locks rows of their own locks them before: the call's comes last.
    """
    _settle(Call.objects.filter(key=key).exclude(key=""), user)


def unanswered() -> QuerySet[Call]:
    """What everybody was called for and nobody took."""
    return Call.objects.filter(settled_at=None, due_at=None).exclude(key="")


def call_again() -> int:
    """Do the rounds that are due, each in a transaction of its own. Returns how many."""
    done = 0
    while _do_one():
        done += 1
    return done


@transaction.atomic
def _do_one() -> bool:
    due = Call.objects.filter(settled_at=None, due_at__lte=timezone.now()).order_by("due_at")
    call = due.select_for_update(skip_locked=True).first()
    if call:
        _tell_next(call)
    return call is not None


def _tell_next(call: Call, *, at_once: bool = False) -> int:
    """The next round: first who is on duty, then everybody, or all at once. Returns how many were told."""
    everybody = list(StaffPhone.objects.filter(user__is_active=True).select_related("user", "contact"))
    on_duty = [phone for phone in everybody if phone.on_duty]
    call.rounds += 1
    again = bool(call.key) and call.rounds < ROUNDS
    call.told_at = timezone.now()
    call.due_at = call.told_at + settings.ESCALATE_AFTER if again else None
    call.save()
    _drop_mails(call)  # this round says it again
    words = _words(call)
    told = _tell(on_duty, words, call) if on_duty and call.rounds == 1 and not at_once else []
    told = told or _tell(everybody, words, call)
    call.called.add(*told)
    return len(told)


def _drop_mails(call: Call) -> None:
    """What no mail server has taken yet is old news."""
    call.mails.filter(sent_at=None).delete()


def _words(call: Call) -> _Words:
    again = f"Nessuno ha ancora risposto: chiamata {call.rounds} di {ROUNDS}.\n" if call.rounds > 1 else ""
    text = f"{again}{call.text}"
    link = f"{settings.SITE_URL}{call.path}" if call.path else ""
    answer = f"{PAYLOAD}{call.token}"
    room = contents.INTERACTIVE_LIMIT - len(call.reason) - len(link) - 10
    return _Words(
        subject=call.reason,
        mail="\n\n".join(filter(None, [text, link])),
        free="\n\n".join(filter(None, [f"*{call.reason}*", _cut(text, room), link])),
        template=CALL,
        parameters=[call.reason, text],
        buttons=[(answer, LABEL)],
        ends={"quick_reply": answer, "url": (call.path or reverse("admin:index")).lstrip("/")},
        # What could not leave before the next round would only be a repetition of it.
        expires_at=timezone.now() + settings.ESCALATE_AFTER if call.key else None,
    )


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1].rstrip()}…"


def _tell(people: Sequence[StaffPhone], words: _Words, call: Call | None = None) -> list[StaffPhone]:
    """Write to these people in every way; those to whom it is on its way.

    Args:
        call: keeps what was written, to say later whom it reached.
    """
    mailed = {phone.pk for phone in people if phone.user.email}
    mails = _mail([phone.user.email for phone in people], words.subject, words.mail)
    written, queued = _write(people, words)
    if call:
        call.mails.add(*mails)
        call.contents.add(*queued)
    logger.warning(
        "calling %d of %d people, %d on WhatsApp, %d by e-mail: %s",
        len(mailed | written), len(people), len(written), len(mailed), words.subject,
    )  # fmt: skip
    return [phone for phone in people if phone.pk in mailed | written]


def _write(people: Iterable[StaffPhone], words: _Words) -> tuple[set[int], list[Content]]:
    """Queue it on WhatsApp, as an answer: no limit for notices holds it. Returns the keys of the phones it
    is on its way to, and what was said."""
    on_way: set[int] = set()
    said: list[Content] = []
    if channels.stopped(channels.current(), Lane.REPLY):
        return on_way, said  # it would leave when the channel goes on, as news that is none
    for window_open in (True, False):
        group = {p.contact.person.pk: p.pk for p in people if p.contact.window_open is window_open}
        if not group:
            continue
        try:
            content = words.content(window_open=window_open)
        except ContentError as error:
            logger.warning("%d people cannot be called on WhatsApp: %s", len(group), error)
            continue
        outbox.enqueue(content, group, Lane.REPLY)
        said.append(content)
        queued = list(content.messages.select_related("contact", "content__template"))
        refused = claims.refusals(queued)  # blocked, erased, …; a moment instead of a reason only delays it
        on_way |= {group[m.contact_id] for m in queued if not isinstance(refused.get(m.pk), str)}
    return on_way, said


# --- The answer -------------------------------------------------------------------------------------


def handle(message: Message) -> bool:
    """First of `INBOUND_HANDLERS`: «Me ne occupo» tapped; False if the message is about something else."""
    content = message.content
    if content.kind != Kind.BUTTON_REPLY or not content.payload.startswith(PAYLOAD):
        return False
    answer = _take(message.contact, content.payload.removeprefix(PAYLOAD))
    # Whoever is called thirty times in a night is no machine.
    outbox.reply(message.contact, answer, automatic=answer == NOT_STAFF)
    return True


def _take(contact: Contact, token: str) -> str:
    """Put the call with this token in charge of whose phone it is; what to answer.

    The token may have been copied or forwarded: it counts only from a phone to which this very call was
    written, and says nothing to any other.
    """
    staff = StaffPhone.objects.filter(contact__in=contact.rows(), user__is_active=True)
    phone = staff.select_related("user").first()
    if phone is None:
        return NOT_STAFF
    call = Call.objects.filter(token=token).first()
    if call is None or not _was_called(call, phone, contact):
        return GONE
    if call.settled_at is None:
        answers = signals.page_taken.send(sender=Call, key=call.key, user=phone.user)
        if refusal := next((answer for _, answer in answers if answer), ""):
            return REFUSED.format(refusal)
        _settle(Call.objects.filter(pk=call.pk), phone.user)
        call.refresh_from_db()
    if call.taken_by == phone.user:
        return "\n\n".join(filter(None, [YOURS.format(call.reason), call.text]))[: contents.TEXT_LIMIT]
    return SETTLED.format(call.reason, f" ({_name(call.taken_by)})" if call.taken_by else "")


def _was_called(call: Call, phone: StaffPhone, contact: Contact) -> bool:
    """Was this very call written to this telephone? Its owner may have had another one then."""
    written = Message.objects.filter(
        content__in=call.contents.all(), contact__in=contact.rows(), inbound=False
    )
    return call.called.filter(pk=phone.pk).exists() and written.exists()


@transaction.atomic
def _settle(calls: QuerySet[Call], user: User | None) -> None:
    call = calls.filter(settled_at=None).select_for_update().first()
    if call is None:
        return
    call.settled_at, call.due_at, call.taken_by = timezone.now(), None, user
    call.save(update_fields=["settled_at", "due_at", "taken_by"])
    _drop_mails(call)
    others = list(call.called.select_related("user", "contact").exclude(user=user)) if user else []
    if user and others:
        _tell(others, _taken_words(call, _name(user)))


def _taken_words(call: Call, who: str) -> _Words:
    said = f"Se ne occupa {who}: tu non devi fare altro."
    return _Words(
        subject=f"{call.reason}: se ne occupa {who}",
        mail=said,
        free=f"*{call.reason}*\n{said}",
        template=TAKEN,
        parameters=[call.reason, who],
    )


def uses(template: Template) -> list[templates.Use]:
    """What is told with it (`TEMPLATE_USES`)."""
    phones_page = reverse("admin:whatsapp_staffphone_changelist")
    used = template.name in (CALL, TAKEN)
    return [templates.Use(label="Chiamate del personale di turno", url=phones_page)] if used else []


def _name(user: User) -> str:
    return user.get_full_name() or user.get_username()
