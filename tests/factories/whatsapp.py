"""The channel's objects, with no surprises."""

from datetime import timedelta

import factory
from django.utils import timezone

from whatsapp.models import Contact, Content, Message, StaffPhone, Template
from whatsapp.types import Header, Kind, State


class ContactFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Contact

    phone = factory.Sequence(lambda n: f"+39340{1000000 + n}")
    profile_name = factory.Sequence(lambda n: f"Cittadina {n}")

    class Params:
        reachable = factory.Trait(
            window_expires_at=factory.LazyFunction(lambda: timezone.now() + timedelta(hours=20))
        )


class ContentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Content

    kind = Kind.TEXT
    text = "Buongiorno"


class TemplateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Template

    name = factory.Sequence(lambda n: f"avviso_{n}")
    header = Header.NONE
    body = "Avviso del Comune.\n\n*{{1}}*\n\n{{2}}\n\nTesto completo nella pagina dell'avviso."
    examples = ["Via Roma chiusa", "Dalle 8 alle 14"]
    status = Template.Status.APPROVED


class InboundMessageFactory(factory.django.DjangoModelFactory):
    """A citizen's message: `InboundMessageFactory(text="Iscrizione on")`."""

    class Meta:
        model = Message

    class Params:
        text = "Buongiorno"
        kind = Kind.TEXT
        payload = ""

    contact = factory.SubFactory(ContactFactory, reachable=True)
    content = factory.SubFactory(
        ContentFactory,
        text=factory.SelfAttribute("..text"),
        kind=factory.SelfAttribute("..kind"),
        payload=factory.SelfAttribute("..payload"),
    )
    inbound = True
    state = State.RECEIVED
    provider_id = factory.Sequence(lambda n: f"wamid.IN{n:06}")
    sent_at = factory.LazyFunction(timezone.now)


class OutboundMessageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Message

    contact = factory.SubFactory(ContactFactory, reachable=True)
    content = factory.SubFactory(ContentFactory)
    inbound = False
    state = State.QUEUED


class StaffPhoneFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = StaffPhone

    contact = factory.SubFactory(ContactFactory)
