"""Who gets a notice, and who does not and why (features 24, 26 and 34)."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from broadcasts.models import Broadcast, Category
from broadcasts.types import FOR_THE_SAME
from broadcasts.types import State as BroadcastState
from subscribers import recipients
from subscribers.models import Subscriber
from whatsapp.models import Contact, Message
from whatsapp.types import State

# WhatsApp has it, had it, or may have it.
PERHAPS_THERE = (
    State.IN_FLIGHT,
    State.ACCEPTED,
    State.SENT,
    State.DELIVERED,
    State.READ,
    State.UNCERTAIN,
)


@dataclass(frozen=True)
class Rule:
    """Everybody of a category; or, of them, only those who may have an earlier notice."""

    category: Category
    earlier: Broadcast | None = None


@dataclass(frozen=True)
class Reach:
    """How many people a notice reaches; who is left out, as (reason, people)."""

    reached: int
    left_out: list[tuple[str, int]]

    @property
    def excluded(self) -> int:
        return sum(count for _reason, count in self.left_out)


def rule(notice: Broadcast) -> Rule:
    """For whom this notice is."""
    return Rule(notice.category, notice.follows if notice.sequel in FOR_THE_SAME else None)


def of(rule: Rule) -> QuerySet[Contact]:
    """The people the rule means, one row each."""
    people = recipients.audience(rule.category.topic)
    return people.filter(_has(rule.earlier)) if rule.earlier else people


def _has(earlier: Broadcast) -> Q:
    """The person, under whichever of their contacts, may have this notice.

    What is still queued arrives before whatever is queued now, unless it was stopped.
    """
    states = PERHAPS_THERE if earlier.state == BroadcastState.STOPPED else (*PERHAPS_THERE, State.QUEUED)
    messages = Message.objects.filter(content=earlier.content_id, inbound=False, state__in=states)
    own = messages.filter(contact=OuterRef("pk"))
    merged = messages.filter(contact__merged_into=OuterRef("pk"))
    return Q(Exists(own)) | Q(Exists(merged))


def _promotes(category: Category) -> bool:
    return category.templates.filter(category="marketing").exists()


def reach(rule: Rule) -> Reach:
    """The count of those reached, and of those who might expect it and are not, by reason."""
    return _of_the_same(rule, rule.earlier) if rule.earlier else _of_everybody(rule)


def _of_the_same(rule: Rule, earlier: Broadcast) -> Reach:
    reached = of(rule).count()
    had = Contact.objects.filter(_has(earlier), merged_into__isnull=True).count()
    gone = [("hanno avuto l'avviso precedente, ma non ricevono più questi avvisi", had - reached)]
    return Reach(reached, [row for row in gone if row[1] > 0])


def _of_everybody(rule: Rule) -> Reach:
    category = rule.category
    known = Subscriber.objects.filter(contact__merged_into__isnull=True)
    active = known.filter(state=Subscriber.State.ACTIVE)
    listening = active.filter(contact__blocked=False)
    keeping, sure = recipients.keeping(category.topic).count(), of(rule)
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
