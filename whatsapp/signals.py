"""Facts that apps above record in the same transaction; sent with `send`, so that a failure undoes all."""

from django.dispatch import Signal

# A person told WhatsApp, not us, about promotions. `contact`, `wanted` (bool), `at`.
marketing_chosen = Signal()
# Two contacts are one person: `contact` goes on, `merged` points to it. Neither's rows have moved.
contacts_merged = Signal()
# WhatsApp's own news of a change of number or BSUID: `contact` is the same person; `alias` the old ids.
identity_changed = Signal()
# A file will never be available: `media`, whose `reason` the staff read. Told to whoever sent it.
media_rejected = Signal()
