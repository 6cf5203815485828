import pytest

from reports import inbound
from reports.models import Report
from tests.factories.whatsapp import ContactFactory, InboundMessageFactory

pytestmark = pytest.mark.django_db


def test_who_is_blocked_opens_nothing() -> None:
    contact = ContactFactory(reachable=True, blocked=True)
    assert inbound.handle(InboundMessageFactory(contact=contact, text="Buca enorme in via Roma"))
    assert not Report.objects.exists()
