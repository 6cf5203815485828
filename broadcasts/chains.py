"""A notice after a notice: correction, update, end of the alert (features 34 and 41)."""

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from broadcasts import lifecycle, published, versions
from broadcasts.errors import NotAllowed
from broadcasts.models import TITLE_LIMIT, Broadcast
from broadcasts.types import UNSENT, Sequel, State

PREFIXES: dict[str, str] = {
    Sequel.UPDATE: "Aggiornamento: ",
    Sequel.CORRECTION: "Rettifica: ",
    Sequel.END: "Fine allerta: ",
}


def offers(notice: Broadcast) -> list[Sequel]:
    """What may follow this notice now."""
    if not notice.queued_at or published.sequel(notice):  # before there is a list nobody has it
        return []
    if notice.sequel == Sequel.END:
        return [Sequel.CORRECTION]
    ends = [Sequel.END] if notice.category.is_alert else []
    return [Sequel.CORRECTION, Sequel.UPDATE, *ends]


@transaction.atomic
def begin(earlier: Broadcast, sequel: Sequel, user: AbstractBaseUser) -> Broadcast:
    """A draft that follows this notice; the one there is, if somebody has begun it already.

    Raises:
        NotAllowed: nothing of the kind may follow it, or something else does.
    """
    earlier = lifecycle.locked(earlier)
    begun = earlier.sequels.exclude(state=State.STOPPED).first()
    if begun and begun.state in UNSENT and begun.sequel == sequel:
        return begun
    if begun:
        raise NotAllowed(
            f"Questo avviso è già seguito da «{begun}» ({begun.get_sequel_display()}): apri quello."
        )
    if sequel not in offers(earlier):
        raise NotAllowed("A questo avviso non può seguire nulla del genere.")
    return _draft(earlier, sequel, user)


def _draft(earlier: Broadcast, sequel: Sequel, user: AbstractBaseUser) -> Broadcast:
    title = earlier.title
    for prefix in PREFIXES.values():
        title = title.removeprefix(prefix)
    draft = Broadcast(
        category=earlier.category,
        follows=earlier,
        sequel=sequel,
        author_id=user.pk,
        title=f"{PREFIXES[sequel]}{title}"[:TITLE_LIMIT].rstrip(),
        text=f"L'allerta «{title}» è terminata. Grazie per la collaborazione.",
    )
    if sequel != Sequel.END:
        for name in ("text", "media", "latitude", "longitude", "place_name", "place_address"):
            setattr(draft, name, getattr(earlier, name))
    draft.save()
    versions.keep(draft, user)
    return draft
