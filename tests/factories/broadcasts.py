"""Categories come from the migration: these make what is written with them."""

from typing import Any

import factory
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from broadcasts.models import Broadcast, Category
from subscribers.models import Subscriber
from tests.factories.whatsapp import ContactFactory


class UserFactory(factory.django.DjangoModelFactory):
    """A member of the staff: `UserFactory(can=["add_broadcast", "send_broadcast"])`."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"impiegata{n}")
    is_staff = True

    @factory.post_generation
    def can(self, create: bool, extracted: list[str] | None, **kwargs: Any) -> None:
        self.user_permissions.set(Permission.objects.filter(codename__in=extracted or []))


def category(slug: str, *, approval: bool) -> Category:
    """The category, in which a second person is needed or not from now on."""
    Category.objects.filter(slug=slug).update(approval=approval)
    return Category.objects.get(slug=slug)


class BroadcastFactory(factory.django.DjangoModelFactory):
    """A draft in the category `viabilita`; another by `slug`.

    One person is enough to send it, unless `approval`: that of the row in the database is changed with it.
    """

    class Meta:
        model = Broadcast

    class Params:
        slug = "viabilita"
        approval = False

    category = factory.LazyAttribute(lambda o: category(o.slug, approval=o.approval))
    title = factory.Sequence(lambda n: f"Via Roma chiusa, tratto {n + 1}")
    text = "Mercoledì dalle 8:00 alle 14:00 via Roma è chiusa.\n\nPercorso alternativo: via Garibaldi."
    author = factory.SubFactory(UserFactory)


class SubscribedContactFactory(ContactFactory):
    """Somebody who receives the notices."""

    subscriber = factory.RelatedFactory(
        "tests.factories.broadcasts.PlainSubscriberFactory", factory_related_name="contact"
    )


class PlainSubscriberFactory(factory.django.DjangoModelFactory):
    """An active subscription, without the register's proof of it."""

    class Meta:
        model = Subscriber

    contact = factory.SubFactory(ContactFactory)
    state = "active"
    since = factory.LazyFunction(timezone.now)
