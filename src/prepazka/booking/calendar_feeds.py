"""Calendar feeds: secret addresses with the bookings of an official or a counter."""

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
    owner: Official | Counter,
    with_names: bool,
    now: datetime,
    actor: int,
) -> tuple[CalendarFeed, str]:
    """Create a feed; returns it with its token, of which only the hash is stored."""
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(
        office=office,
        official=owner if isinstance(owner, Official) else None,
        counter=owner if isinstance(owner, Counter) else None,
        token_hash=_hash(token),
        with_names=with_names,
        created_at=now,
        created_by_id=actor,
    )
    record(events.FeedMade(office=office.pk, at=now, actor=actor, feed=feed.pk, names=with_names))
    return feed, token


@transaction.atomic
def revoke_feed(*, feed: CalendarFeed, now: datetime, actor: int) -> None:
    """Close the feed for good. Does nothing if it is closed."""
    if CalendarFeed.objects.filter(pk=feed.pk, revoked_at=None).update(revoked_at=now):
        record(events.FeedRevoked(office=feed.office_id, at=now, actor=actor, feed=feed.pk))


def feed_by_token(token: str) -> CalendarFeed | None:
    """The feed with this token; None if there is none or it was revoked."""
    feeds = CalendarFeed.objects.filter(token_hash=_hash(token), revoked_at=None)
    return feeds.select_related("official", "counter").first()


def open_feeds(owner: Official | Counter) -> list[CalendarFeed]:
    """The owner's feeds that are not revoked, oldest first."""
    return list(owner.feeds.filter(revoked_at=None).order_by("pk").select_related("created_by"))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
