"""People and their subscriptions."""

import factory
from django.utils import timezone

from subscribers.models import Subscriber
from tests.factories.whatsapp import ContactFactory


class SubscriberFactory(factory.django.DjangoModelFactory):
    """An active subscription, without its line in the register: `consent.subscribe` writes that."""

    class Meta:
        model = Subscriber

    contact = factory.SubFactory(ContactFactory)
    state = Subscriber.State.ACTIVE
    since = factory.LazyFunction(timezone.now)
