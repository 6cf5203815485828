"""What WhatsApp's limits mean for a notice, told before the click."""

from whatsapp import channels, claims, tiers


def warnings(people: int) -> list[str]:
    """What stands in the way of reaching so many people now; empty when nothing does."""
    channel = channels.current()
    found = []
    if channel.paused_at:
        found.append(
            f"Gli invii sono in pausa ({channel.pause_reason or 'senza motivo indicato'}): l'avviso resta "
            "in coda e parte quando il canale viene riattivato."
        )
    limit = tiers.TIERS.get(channel.tier)
    if limit is not None and people + (reached := tiers.count_reached()) > limit:
        found.append(
            f"WhatsApp permette di scrivere a {limit} persone nelle 24 ore e ne sono già state raggiunte "
            f"{reached}: una parte dei {people} messaggi potrebbe non partire oggi."
        )
    return found


def duration(people: int) -> str:
    """About how long handing over takes at the channel's pace, in words."""
    seconds = people / claims.pace(channels.current())
    if seconds < 60:
        return "meno di un minuto"
    minutes = round(seconds / 60)
    return "circa un minuto" if minutes == 1 else f"circa {minutes} minuti"
