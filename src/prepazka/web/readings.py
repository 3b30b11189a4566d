"""Who of the staff read of people: one event per list and quarter of an hour, per search, per booking.

A page that refreshes itself, or is loaded again, is no new look.
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
    member: Membership, which: str, *, now: datetime, official: int | None = None
) -> None:
    """A member of staff saw a list with names of clients; `which` names it, not who is on it."""
    event = events.PeopleListed(
        office=member.office_id, at=now, actor=member.user_id, list=which, official=official
    )
    _once(member, f"list:{which}:{official or ''}", event, now)


def note_search(member: Membership, words: str, *, now: datetime) -> None:
    """A member of staff searched for people; what was typed is not kept, for it may be a name."""
    event = events.PeopleListed(
        office=member.office_id, at=now, actor=member.user_id, list="search"
    )
    _once(member, f"search:{words.casefold()}", event, now)


def note_booking(member: Membership, booking: Booking, *, now: datetime) -> None:
    """A member of staff opened a booking with its name and contact."""
    event = events.ContactShown(
        office=member.office_id, booking=str(booking.pk), at=now, actor=member.user_id
    )
    _once(member, f"booking:{booking.pk}", event, now)


@transaction.atomic
def _once(member: Membership, what: str, event: Event, now: datetime) -> None:
    quarter = now - timedelta(seconds=now.timestamp() % EVERY.total_seconds())
    key = limits.hashed("reading", f"{member.pk}:{what}")
    if limits.add("reading", key, quarter.replace(microsecond=0)) == 1:
        record(event)
