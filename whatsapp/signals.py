"""Facts that apps above record in the same transaction; sent with `send`, so that a failure undoes all."""

from django.dispatch import Signal

# A person told WhatsApp, not us, about promotions. `contact`, `wanted` (bool), `at`.
marketing_chosen = Signal()
# Asked before two contacts are taken for one person, `contact` and `other`: a receiver answers why not, in
# Italian, or nothing. Whoever objects leaves the decision to the staff.
contacts_merging = Signal()
# Asked for a page about a contact: a receiver answers with (name, value) pairs of what it knows, in Italian.
contact_described = Signal()
# Two contacts are one person: `contact` goes on, `merged` points to it. Neither's rows have moved. `actor`:
# who says so; `certain`: WhatsApp itself, so that the person's last word counts, whichever contact said it.
contacts_merged = Signal()
# WhatsApp's own news of a change of number or BSUID: `contact` is the same person, `former` their old
# number or BSUID, `at` the change.
identity_changed = Signal()
# A file will never be available: `media`, whose `reason` the staff read. Told to whoever sent it.
media_rejected = Signal()
# Somebody called by `paging.page` answers that they take it: `key`, `user`. Sent just before the call is
# settled, so that a receiver locks its own rows first, as it must for `paging.settle`; perhaps a moment after
# a colleague took it, which the receiver sees in its own rows. A receiver whose matter this user may not take
# answers why, in Italian: then the call goes on.
page_taken = Signal()
