"""Who gets the notices of a category, and who does not and why (features 24 and 26)."""

from dataclasses import dataclass

from django.db.models import QuerySet

from broadcasts.models import Category
from subscribers import recipients
from subscribers.models import Subscriber
from whatsapp.models import Contact


@dataclass(frozen=True)
class Reach:
    """How many people a notice reaches; who is left out, as (reason, people)."""

    reached: int
    left_out: list[tuple[str, int]]

    @property
    def excluded(self) -> int:
        return sum(count for _reason, count in self.left_out)


def of(category: Category) -> QuerySet[Contact]:
    """The people who get this category's notices, one row each."""
    return recipients.audience(category.topic)


def _promotes(category: Category) -> bool:
    return category.templates.filter(category="marketing").exists()


def reach(category: Category) -> Reach:
    """The count of those reached, and of those who once joined and are not, by reason."""
    known = Subscriber.objects.filter(contact__merged_into__isnull=True)
    active = known.filter(state=Subscriber.State.ACTIVE)
    listening = active.filter(contact__blocked=False)
    keeping, sure = recipients.keeping(category.topic).count(), of(category)
    stopped = sure.filter(marketing_stopped_at__isnull=False).count() if _promotes(category) else 0
    reached = sure.count() - stopped
    reasons = [
        ("cancellati dal servizio", known.filter(state=Subscriber.State.LEFT).count()),
        (f"senza l'argomento «{category.topic}»", listening.count() - keeping),
        ("identità dubbie, da decidere", keeping - reached - stopped),
        ("non vogliono promozioni (l'hanno detto a WhatsApp)", stopped),
        ("bloccati", active.filter(contact__blocked=True).count()),
    ]
    return Reach(reached, [(reason, count) for reason, count in reasons if count > 0])
