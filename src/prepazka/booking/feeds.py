"""Secret addresses at which calendar programs read the bookings of an official or a counter."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import transaction

from prepazka.booking.models import CalendarFeed
from prepazka.core import events
from prepazka.journal.record import record
from prepazka.offices.models import Counter, Office, Official


@transaction.atomic
def make_feed(
    *,
    office: Office,
    of: Official | Counter,
    with_names: bool,
    now: datetime,
    actor: int,
) -> tuple[CalendarFeed, str]:
    """A new feed and its token, which is kept nowhere else."""
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(
        office=office,
        official=of if isinstance(of, Official) else None,
        counter=of if isinstance(of, Counter) else None,
        token_hash=_hash(token),
        with_names=with_names,
        created_at=now,
        created_by_id=actor,
    )
    record(events.FeedMade(office=office.pk, at=now, actor=actor, feed=feed.pk, names=with_names))
    return feed, token


@transaction.atomic
def revoke_feed(*, feed: CalendarFeed, now: datetime, actor: int) -> None:
    """Close the address for good. Repeated, it changes nothing."""
    if CalendarFeed.objects.filter(pk=feed.pk, revoked_at=None).update(revoked_at=now):
        record(events.FeedRevoked(office=feed.office_id, at=now, actor=actor, feed=feed.pk))


def feed_of(token: str) -> CalendarFeed | None:
    """The feed behind an address, unless it was revoked."""
    found = CalendarFeed.objects.filter(token_hash=_hash(token), revoked_at=None)
    return found.select_related("official", "counter").first()


def open_feeds(of: Official | Counter) -> list[CalendarFeed]:
    """The feeds that can be read, oldest first."""
    return list(of.feeds.filter(revoked_at=None).order_by("pk").select_related("created_by"))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
