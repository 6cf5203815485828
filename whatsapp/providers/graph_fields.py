"""Values out of a webhook: any of them may be missing, of another type, or made to break us."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from whatsapp import phones

Json = dict[str, Any]
BSUID_LENGTH = 140
# Characters of a person's message: more than the apps let anybody type.
WRITTEN_LIMIT = 65_536
CUT = " […testo troppo lungo: il resto non è stato conservato]"
# Before WhatsApp there were no messages; a clock ahead of ours by more than this is not believed.
FIRST = datetime(2009, 1, 1, tzinfo=UTC)
AHEAD = timedelta(hours=1)


def text(value: Any, limit: int = 10_000) -> str:
    """A string as PostgreSQL takes it: no NUL, no lone surrogates, bounded; anything else is empty."""
    if not isinstance(value, str):
        return ""
    return value.replace("\x00", "").encode("utf-8", "ignore").decode()[:limit]


def written(value: Any) -> str:
    """What a person wrote: whole as far as WhatsApp lets people write, and a visible mark where it is cut."""
    said = text(value, WRITTEN_LIMIT + 1)
    return said if len(said) <= WRITTEN_LIMIT else said[:WRITTEN_LIMIT] + CUT


def word(value: Any, limit: int = 60) -> str:
    """A code of the provider's, which may be a string or a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**18 else ""
    return text(value, limit)


def mapping(value: Any) -> Json:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[Json]:
    """The objects of a list; everything else in it is left out."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def moment(value: Any) -> datetime | None:
    """Unix seconds, as a string or a number, of a year clocks can show; None if they are not."""
    try:
        told = datetime.fromtimestamp(int(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return told if 1970 <= told.year < 3000 else None


def time(value: Any) -> datetime:
    """When something happened; now, if what is told cannot be."""
    now = timezone.now()
    told = moment(value)
    return told if told and FIRST < told < now + AHEAD else now


def phone(value: Any) -> str | None:
    """E.164 from WhatsApp's bare digits; a group's address is no number."""
    told = text(value, 30)
    return None if "@" in told else phones.from_wa_id(told)


def bsuid(value: Any) -> str | None:
    """A business-scoped user id, whole and opaque (fact sheet 4.1); one that is too long is none."""
    told = text(value, BSUID_LENGTH + 1)
    return told if 0 < len(told) <= BSUID_LENGTH else None
