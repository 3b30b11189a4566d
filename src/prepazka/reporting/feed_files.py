"""Calendar feeds: the bookings of an official or a counter as an iCalendar file."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import lru_cache
from hashlib import sha256

from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation
from icalendar import Calendar, Event, Timezone

from prepazka.booking.diaries import lanes_of, official_of
from prepazka.booking.event_uids import feed_uid
from prepazka.booking.models import Booking, BookingState, CalendarFeed
from prepazka.core import calendar
from prepazka.messaging.contexts import no_show_in_words
from prepazka.offices.office_snapshot import OfficeSnapshot

SHOWN = (
    BookingState.UNCONFIRMED,
    BookingState.CONFIRMED,
    BookingState.ARRIVED,
    BookingState.SERVED,
    BookingState.NO_SHOW,
)
BACK = timedelta(days=30)
REFRESH = timedelta(minutes=15)
# The fields of a booking that a feed shows; its ETag is made of these only.
FIELDS = (
    "pk", "state", "sequence", "starts_at", "ends_at", "service_id", "lane_id", "persons", "name",
)  # fmt: skip


def mark_of(feed: CalendarFeed, office: OfficeSnapshot, *, now: datetime) -> str:
    """An ETag of the feed's content, from one SQL statement without building the file."""
    rows = list(_bookings(feed, office, now).values_list(*FIELDS))
    content = (feed.pk, feed.with_names, office.row.version, settings.BASE_URL, rows)
    return sha256(repr(content).encode()).hexdigest()[:32]


def calendar_of(feed: CalendarFeed, office: OfficeSnapshot, *, now: datetime) -> bytes:
    """The iCalendar object (RFC 5545) in the office's zone; never a PIN nor a contact."""
    ical = Calendar()
    ical.add("prodid", "-//prepazka//diary//CS")
    ical.add("version", "2.0")
    ical.add("method", "PUBLISH")
    ical.add("x-wr-calname", f"{_owner_name(feed)} – {office.row.name}")
    ical.add("x-published-ttl", "PT15M")  # read by Microsoft's programs
    ical.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    ical.add_component(_zone(office.row.timezone))
    language = office.row.languages[0] if office.row.languages else "cs"
    with translation.override(language):
        for booking in _bookings(feed, office, now):
            ical.add_component(_event(feed, office, booking))
    return bytes(ical.to_ical())


def _bookings(feed: CalendarFeed, office: OfficeSnapshot, now: datetime) -> QuerySet[Booking]:
    since = calendar.day_of(now, office.tz) - BACK
    rows = Booking.objects.filter(office=office.row, date__gte=since, state__in=SHOWN)
    if feed.official_id:
        return rows.filter(lane=lanes_of(office)[feed.official_id]).order_by("starts_at", "pk")
    counter = feed.counter_id or 0
    # Clients booked with an official of another counter do not come to this one.
    elsewhere = [
        lane
        for official, lane in lanes_of(office).items()
        if office.officials[official].counter_id not in {None, counter}
    ]
    served = rows.filter(service__in=office.serves[counter]).exclude(lane__in=elsewhere)
    return served.order_by("starts_at", "pk")


def _event(feed: CalendarFeed, office: OfficeSnapshot, booking: Booking) -> Event:
    event = Event()
    changed = booking.moved_at or booking.confirmed_at or booking.created_at
    event.add("uid", feed_uid(booking.pk))
    event.add("sequence", booking.sequence)
    event.add("dtstamp", changed)
    event.add("last-modified", changed)
    event.add("dtstart", booking.starts_at.astimezone(office.tz))
    event.add("dtend", booking.ends_at.astimezone(office.tz))
    event.add("summary", _summary(feed, office, booking))
    event.add("status", "TENTATIVE" if booking.state == BookingState.UNCONFIRMED else "CONFIRMED")
    official = official_of(office, booking)
    if location := str(official.place) if official else "":
        event.add("location", location)
    if feed.with_names:
        event.add("class", "PRIVATE")
    return event


def _summary(feed: CalendarFeed, office: OfficeSnapshot, booking: Booking) -> str:
    topic = str(office.services[booking.service_id].name)
    if booking.persons > 1:
        topic = f"{topic} ({booking.persons}×)"
    if booking.state == BookingState.NO_SHOW:
        topic = f"{topic} ({no_show_in_words()})"
    return f"{booking.name} – {topic}" if feed.with_names and booking.name else topic


def _owner_name(feed: CalendarFeed) -> str:
    owner = feed.official or feed.counter
    assert owner  # noqa: S101  # a constraint says so
    return str(owner.name)


@lru_cache(maxsize=32)
def _zone(name: str) -> Timezone:
    return Timezone.from_tzid(name, first_date=date(2020, 1, 1), last_date=date(2038, 1, 1))
