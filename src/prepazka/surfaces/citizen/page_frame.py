"""Shared by the citizen's pages: the page frame, signed links to bookings, lists of free slots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import wraps
from itertools import groupby
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prepazka.booking import booking_links
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.refusals import TooManyBookings
from prepazka.booking.slot_search import has_hours, nearest_slots
from prepazka.core import calendar, reading, slots
from prepazka.core.day_layout import local_moment
from prepazka.core.interval import Interval
from prepazka.core.refusal import Refused
from prepazka.core.slots import Slot
from prepazka.looks import typography
from prepazka.offices.languages import active_language
from prepazka.offices.models import Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.reporting.monitor import monitor_of_office
from prepazka.web import cookies
from prepazka.web.errors import refusal_sentence
from prepazka.web.incident_banners import notices_of_incidents

NOON = 12
RELEASE_WITHIN = 31  # days ahead in which the next release of slots is looked for


@dataclass(frozen=True)
class Choice:
    """A link or a button in a list of slots."""

    text: str
    note: str = ""
    url: str = ""
    value: str = ""


@dataclass(frozen=True)
class Wish:
    """The person's choices so far, carried in the query string of every link."""

    service: Service
    persons: int = 1
    instead_of: str = ""  # token of the hold that a newly chosen slot replaces, with its answers
    official: Official | None = None  # None: whoever is free, where officials are booked
    mode: str = ""  # how they meet; empty means the service's usual mode
    asked: bool = False  # the number of people was asked, so links carry it even if it is one

    def query(self, *, persons: bool = True) -> str:
        """The query string with these choices, or an empty string if there are none."""
        parameters: dict[str, Any] = {"osob": self.persons} if persons and self.asked else {}
        parameters |= {"urednik": self.official.code} if self.official else {}
        parameters |= {"zpusob": self.mode} if self.mode else {}
        parameters |= {"misto": self.instead_of} if self.instead_of else {}
        return f"?{urlencode(parameters)}" if parameters else ""


def render_page(
    request: HttpRequest,
    template: str,
    office: OfficeSnapshot | None = None,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Render a citizen's page in the frame of its office."""
    frame: dict[str, Any] = {"home_url": reverse("citizen:home")}
    if office:
        frame = {
            "office": office.row,
            "home_url": reverse("citizen:office", args=[office.slug]),
        }
    return render(request, f"citizen/{template}.html", frame | context, status=status)


def of_booking(purpose: booking_links.Purpose) -> Callable[..., Callable[..., HttpResponse]]:
    """Pass the booking of the signed link to the view, in the time zone of its office.

    The response is private: never cached, never indexed by search engines.
    """

    def decorator(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapped(request: HttpRequest, token: str, *args: Any, **kwargs: Any) -> HttpResponse:
            booking = booking_of(token, purpose)
            if booking is None:
                return render_page(request, "bad_link", status=404)
            office = snapshot_of(booking.office)
            with timezone.override(office.tz):
                response = view(request, booking, office, token, *args, **kwargs)
            add_never_cache_headers(response)
            response["X-Robots-Tag"] = "noindex"
            return response

        return wrapped

    return decorator


def booking_of(token: str, purpose: booking_links.Purpose) -> Booking | None:
    """The booking of the signed token, or None if there is none."""
    booking_id = booking_links.booking_of_token(token, purpose)
    if booking_id is None:
        return None
    return Booking.objects.select_related("service", "office").filter(pk=booking_id).first()


def is_held(booking: Booking, at: datetime) -> bool:
    """Whether the booking is a hold that has not expired."""
    return booking.state == BookingState.HELD and bool(
        booking.expires_at and booking.expires_at > at
    )


def own_hold(request: HttpRequest, service: Service, at: datetime) -> Booking | None:
    """This browser's current hold for the service, unless it was already requested; or None."""
    hold = booking_of(cookies.read_cookie(request, cookies.HOLD), "hold")
    if hold is None or hold.service_id != service.pk or hold.requested_at or not is_held(hold, at):
        return None
    return hold


def day_or_none(text: str) -> date | None:
    """The day written as 2026-11-23 in an address, or None if it is unreadable."""
    return reading.read_day(text)


def instant_or_none(text: str) -> datetime | None:
    """The instant of a button's value; None if it is unreadable or has no time zone."""
    return reading.read_instant(text)


def language() -> str:
    """The language of the page."""
    return active_language()


def limit_in_words(error: Refused, office: OfficeSnapshot, *, by_sms: bool) -> str:
    """The refusal as text; for too many bookings also how to change them and whom to call."""
    if not isinstance(error, TooManyBookings):
        return refusal_sentence(error)
    limit = int(error.params["most"])
    if by_sms:
        text = ngettext(
            "There is already %(n)s appointment for this number, which is the limit here. "
            "You can change it with the link in the text message.",
            "There are already %(n)s appointments for this number, which is the limit "
            "here. You can change them with the links in the text messages.",
            limit,
        )
    else:
        text = ngettext(
            "There is already %(n)s appointment for this e-mail address, which is the "
            "limit here. You can change it with the link in the e-mail.",
            "There are already %(n)s appointments for this e-mail address, which is the "
            "limit here. You can change them with the links in the e-mails.",
            limit,
        )
    if office.row.phone:
        call = _("We can book another one for you on %(phone)s.")
        text += " " + call % {"phone": typography.phone(office.row.phone)}
    return text % {"n": limit}


def days_by_month(offered: list[Slot], url: Callable[[date], str]) -> list[dict[str, Any]]:
    """The days with free slots by month: each month's first day and links with counts in words."""
    by_month = []
    for _month, month_slots in groupby(offered, key=lambda t: (t.day.year, t.day.month)):
        days = [
            (day, len(list(day_slots)))
            for day, day_slots in groupby(month_slots, key=lambda t: t.day)
        ]
        by_month.append(
            {
                "first": days[0][0],
                "days": [
                    Choice(_day_name(day), free_slots_in_words(count), url=url(day))
                    for day, count in days
                ],
            }
        )
    return by_month


def slot_in_words(slot: Slot) -> str:
    """The day and the time of a slot in words."""
    return f"{_day_name(slot.day)}, {_span(slot)}"


def free_slots_in_words(count: int) -> str:
    """The number of free slots in words, in the page's language."""
    return ngettext("%(n)s free time", "%(n)s free times", count) % {"n": count}


def parts_of_day(offered: list[Slot], *, with_officials: bool = False) -> list[dict[str, Any]]:
    """The slots of a day as buttons, grouped into morning and afternoon.

    The number of free places is shown for arrival windows only, never with officials.
    """
    several = not with_officials and max((t.free for t in offered), default=1) > 1
    morning = [t for t in offered if timezone.localtime(t.starts_at).hour < NOON]
    afternoon = [t for t in offered if timezone.localtime(t.starts_at).hour >= NOON]
    return [
        {"name": name, "times": [_time(slot, several=several) for slot in slots]}
        for name, slots in ((_("Morning"), morning), (_("Afternoon"), afternoon))
        if slots
    ]


def nearest_choices(
    office: OfficeSnapshot, wish: Wish, starts_at: datetime, now: datetime
) -> dict[str, Any]:
    """Page context that offers the three nearest slots instead of one that is taken."""
    alternatives = nearest_slots(
        office=office,
        service=wish.service,
        starts_at=starts_at,
        now=now,
        persons=wish.persons,
        official=wish.official,
        mode=wish.mode or None,
    )
    code, slug = wish.service.code, office.slug
    return {
        "others": [Choice(slot_in_words(t), value=t.starts_at.isoformat()) for t in alternatives],
        "hold_url": reverse(
            "citizen:times", args=[slug, code, _first_day(alternatives, starts_at, office)]
        )
        + wish.query(),
        "days_url": reverse("citizen:days", args=[slug, code]) + wish.query(),
        "request_key": uuid4(),
    }


def full_calendar(office: OfficeSnapshot, service: Service, now: datetime) -> dict[str, Any]:
    """Page context for a full calendar: the next release of slots and the walk-in situation."""
    return more_opens(office, service, now) | walk_in_context(office, service, now)


def more_opens(office: OfficeSnapshot, service: Service, now: datetime) -> dict[str, Any]:
    """The next day whose slots will be released and the instant of the release; {} if unknown."""
    release = slots.next_release_of_places(
        local_moment(now, office.tz),
        office.rules_of(service),
        lambda day: has_hours(office, service, day),
        ahead=RELEASE_WITHIN,
    )
    if release is None:
        return {}
    opens, day = release
    released = calendar.local_instant(opens.day, opens.minute, office.tz)
    return {"next_day": day, "released_at": released, "at": now}


def why_no_times(
    office: OfficeSnapshot, service: Service, day: date, at: datetime, *, mode: str | None = None
) -> str:
    """The reason why a day has no slots: past, closed, not released yet, or all taken."""
    rules, today = office.rules_of(service), calendar.day_of(at, office.tz)
    if day < today:
        return _("This day has passed.")
    if not has_hours(office, service, day, mode):
        reason = office.closure(day, service)
        if reason:
            return _("This day is closed: %(why)s.") % {"why": reason}
        return _("There are no appointments for this on that day.")
    opens = slots.releases_at(day, rules)
    released = calendar.local_instant(opens.day, opens.minute, office.tz)
    if at < released:
        released_in_words = typography.on_day_at(released.astimezone(office.tz), today, language())
        return _("Times on this day cannot be booked yet. We release them %(when)s.") % {
            "when": released_in_words
        }
    return _("There are no free times left on this day.")


def walk_in_context(office: OfficeSnapshot, service: Service, now: datetime) -> dict[str, Any]:
    """Page context on walking in now: opening, waiting times in minutes, incidents."""
    office_status = monitor_of_office(office, now=now)
    service_status = next(s for s in office_status["services"] if s["code"] == service.code)
    opening = office_status["next_opening"]
    return {
        "open": office_status["open"],
        "waiting": service_status["waiting"],
        "wait_to_min": service_status["wait_to_min"],
        "wait_is_rough": service_status["wait_is_rough"],
        "tickets": service_status["tickets"],
        "tickets_ended": service_status["tickets_ended"],
        "walk_in": service.walk_in,
        "down": [notice.text for notice in notices_of_incidents(office, [service])],
        "at": now,
        "next_opening": datetime.fromisoformat(opening) if opening else None,
    }


def hours_of(office: OfficeSnapshot, day: date) -> str:
    """The hours of a day: 8:00–12:00, 13:00–17:00."""
    return times_in_line(office.opening_hours.of_office(day))


def times_in_line(minutes: list[Interval[int]]) -> str:
    """Intervals in minutes of the local day as clock times in one line."""
    return ", ".join(
        typography.span(_clock(interval.start), _clock(interval.end), language())
        for interval in minutes
    )


def _clock(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


def _first_day(alternatives: list[Slot], starts_at: datetime, office: OfficeSnapshot) -> str:
    return (
        alternatives[0].day if alternatives else calendar.day_of(starts_at, office.tz)
    ).isoformat()


def _day_name(day: date) -> str:
    """The day without the year, which the heading has: pondělí 23. listopadu."""
    return typography.weekday_and_date(day, language())


def _span(slot: Slot) -> str:
    return typography.span(
        timezone.localtime(slot.starts_at), timezone.localtime(slot.ends_at), language()
    )


def _time(slot: Slot, *, several: bool) -> Choice:
    places = ngettext("%(n)s place", "%(n)s places", slot.free) % {"n": slot.free}
    return Choice(_span(slot), places if several else "", value=slot.starts_at.isoformat())


def new_key(text: str) -> UUID:
    """The idempotency key of a form, or a new one if the text is not a UUID."""
    try:
        return UUID(text)
    except ValueError:
        return uuid4()
