"""Enrolling at the desk somebody who signed the paper form; the checks are those of imported lists too."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, time

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from subscribers import consent, inbound, policies, recipients, texts, welcomes
from subscribers.consent import HasLeft, How
from subscribers.models import Subscriber, Topic
from subscribers.register import Kind, Source
from whatsapp import contacts, contents, outbox, phones, templates
from whatsapp.models import Contact, Template
from whatsapp.types import Sender

# Installed by a migration: {{1}} the day of the signature; its buttons open the policy and offer the way out.
WELCOME = "benvenuto_whatsurp"
EARLIEST = date(2015, 1, 1)  # no consent to a WhatsApp service of the town is older
NAME_LIMIT = 100
ALREADY = "è già iscritto"


class Refused(ValueError):
    """Why this person cannot be enrolled, in Italian: it goes on from «non si può iscrivere: …».

    Attributes:
        field: what is wrong, `number` or `signed_on`.
    """

    def __init__(self, reason: str, field: str = "number") -> None:
        super().__init__(reason)
        self.field = field


@transaction.atomic
def enrol(
    number: str,
    *,
    name: str,
    signed_on: date,
    reference: str,
    terms_accepted: bool,
    operator: AbstractBaseUser,
    topics_left: Iterable[Topic] = (),
) -> Subscriber:
    """Subscribe who signed the consent on paper, and queue the welcome if its template may go.

    Args:
        reference: of the form, by which it is found again.
        terms_accepted: the form's other box, an event of its own in the register.

    Returns:
        The subscription; without a `welcome` none was queued, see `welcome_obstacle`.

    Raises:
        Refused: the number, the day or the person's own earlier choice does not allow it.
    """
    phone, when = mobile(number), beginning(signed_on)
    if why := recipients.obstacles([phone]).get(phone):
        raise Refused(why)
    contact = contacts.resolve(Sender(phone=phone))
    if why := objection(contact, when):
        raise Refused(why)
    name_if_nameless(contact, name)
    how = How(at=when, actor=operator.get_username(), source=Source.DESK, reference=reference)
    try:
        joined = consent.subscribe(contact, **how)
    except HasLeft as refusal:
        raise Refused(str(refusal)) from refusal
    if not joined:
        raise Refused(ALREADY)
    for topic in topics_left:
        consent.leave_topic(contact, topic, **how)
    if terms_accepted:
        consent.note(contact, Kind.TERMS, **how)
    _welcome(contact, signed_on)
    return Subscriber.objects.get(contact=contact)


def mobile(text: str) -> str:
    """The number in E.164. Raises Refused: it is none, or WhatsApp is most unlikely to be on it.

    WhatsApp can be had on a landline, but on a form one is nearly always a mistake.
    """
    cleaned = templates.clean_parameter(text)
    number = phones.written(cleaned)
    if phones.is_ruined(cleaned):
        raise Refused("il foglio di calcolo ha rovinato il numero: formatta la colonna come testo")
    if number is None:
        raise Refused("non è un numero di telefono" if cleaned else "manca il numero")
    if number == settings.WHATSAPP_DISPLAY_NUMBER:
        raise Refused("è il numero del servizio stesso")
    if phones.lacks_a_figure(number):
        raise Refused("manca una cifra: i cellulari italiani ne hanno dieci; chiedi di nuovo il numero")
    match phones.kind(number):
        case "landline":
            raise Refused("è un numero fisso: serve il numero del cellulare con WhatsApp")
        case "other":
            raise Refused("non è il numero di un cellulare")
    return number


def beginning(day: date) -> datetime:
    """The moment a signature counts from: the day's first, so that an OFF of the same day is later. Raises
    Refused: a day to come, or before the service was thought of."""
    if day > timezone.localdate():
        raise Refused("la data della firma è nel futuro", "signed_on")
    if day < EARLIEST:
        raise Refused(f"la data della firma è prima del {EARLIEST.year}", "signed_on")
    return timezone.make_aware(datetime.combine(day, time.min))


def objection(contact: Contact, signed: datetime) -> str:
    """What the person has written against it since the signature, perhaps without being subscribed."""
    if off := inbound.last_off(contact, signed):
        when = texts.date_of(off.sent_at or off.created_at)
        return f"dopo la firma, il {when}, ha scritto di volersi cancellare"
    return ""


def subscribed(numbers: Collection[str]) -> set[str]:
    """Those of these numbers whose person is subscribed."""
    active = Q(subscriber__state=Subscriber.State.ACTIVE)
    active |= Q(merged_into__subscriber__state=Subscriber.State.ACTIVE)
    people = contacts.by_number(numbers)
    found = set(Contact.objects.filter(active, pk__in=people.values()).values_list("pk", flat=True))
    return {number for number, pk in people.items() if pk in found}


def name_if_nameless(contact: Contact, name: str) -> None:
    """The name on the paper, until WhatsApp tells another."""
    if name and not contact.profile_name:
        contact.profile_name = templates.clean_parameter(name)[:NAME_LIMIT]
        contact.save(update_fields=["profile_name"])


def welcome_obstacle() -> str:
    """Why no welcome can go to who is enrolled at the desk, in Italian; empty if it can."""
    template = Template.objects.filter(name=WELCOME).first()
    return templates.obstacle(template) if template else f"Il modello «{WELCOME}» non esiste più."


def _welcome(contact: Contact, signed_on: date) -> None:
    """Outside the 24-hour window only a template may go. Its arrival counts as the other welcome's does."""
    if welcome_obstacle():
        return
    content = contents.from_template(
        Template.objects.get(name=WELCOME),
        [texts.date_of(signed_on)],
        button_parameters=[
            ("url", f"{policies.in_force().version}/"),
            ("quick_reply", "ISCRIZIONE OFF"),
        ],
    )
    welcomes.expect(contact, outbox.send(contact, content))
