"""Journal of staff's views of personal data: one event per list, search or booking and 15 minutes.

Refreshing or reloading a page within that time records nothing new.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from prepazka.booking.models import Booking
from prepazka.core import events
from prepazka.core.events import Event
from prepazka.journal.record import record
from prepazka.offices.models import Membership
from prepazka.web import limits

EVERY = timedelta(minutes=15)


def note_list(
    member: Membership, list_name: str, *, now: datetime, official: int | None = None
) -> None:
    """Record that the member saw a list of clients' names; `list_name` says which list."""
    event = events.PeopleListed(
        office=member.office_id, at=now, actor=member.user_id, list=list_name, official=official
    )
    _record_once(member, f"list:{list_name}:{official or ''}", event, now)


def note_search(member: Membership, words: str, *, now: datetime) -> None:
    """Record that the member searched for people; the text is not stored, as it may be a name."""
    event = events.PeopleListed(
        office=member.office_id, at=now, actor=member.user_id, list="search"
    )
    _record_once(member, f"search:{words.casefold()}", event, now)


def note_booking(member: Membership, booking: Booking, *, now: datetime) -> None:
    """Record that the member opened a booking with its name and contact."""
    event = events.ContactShown(
        office=member.office_id, booking=str(booking.pk), at=now, actor=member.user_id
    )
    _record_once(member, f"booking:{booking.pk}", event, now)


@transaction.atomic
def _record_once(member: Membership, subject: str, event: Event, now: datetime) -> None:
    quarter = now - timedelta(seconds=now.timestamp() % EVERY.total_seconds())
    key = limits.hashed_key("reading", f"{member.pk}:{subject}")
    if limits.add_to_count("reading", key, quarter.replace(microsecond=0)) == 1:
        record(event)
