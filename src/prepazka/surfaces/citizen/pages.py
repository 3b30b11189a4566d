"""What the pages of a citizen share: the frame, the link to a booking, terms as a person sees them."""

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
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from prepazka.booking import links
from prepazka.booking.models import Booking, State
from prepazka.booking.refusals import TooManyBookings
from prepazka.booking.terms import Term, has_hours, moment, nearest
from prepazka.core import calendar, reading, slots
from prepazka.core.interval import Interval
from prepazka.core.refusal import Refused
from prepazka.looks import typography
from prepazka.offices.directory import Directory, directory
from prepazka.offices.models import Official, Service
from prepazka.reporting.monitor import monitor
from prepazka.web import cookies
from prepazka.web.errors import sentence
from prepazka.web.incidents import notices

NOON = 12
RELEASE_WITHIN = 31  # days to look for the next day on which terms will be laid


@dataclass(frozen=True)
class Choice:
    """A link or a button of a list of terms."""

    text: str
    note: str = ""
    url: str = ""
    value: str = ""


@dataclass(frozen=True)
class Wish:
    """What the person has chosen so far; it travels in the address."""

    service: Service
    persons: int = 1
    instead_of: str = ""  # the hold that a newly chosen term replaces, with its answers
    official: Official | None = None  # None: whoever is free, where officials are booked
    mode: str = ""  # how they meet; the usual way where nothing was chosen
    asked: bool = False  # the number of people was asked, so it is said even if it is one

    def query(self, *, persons: bool = True) -> str:
        """The part of an address after its path."""
        said: dict[str, Any] = {"osob": self.persons} if persons and self.asked else {}
        said |= {"urednik": self.official.code} if self.official else {}
        said |= {"zpusob": self.mode} if self.mode else {}
        said |= {"misto": self.instead_of} if self.instead_of else {}
        return f"?{urlencode(said)}" if said else ""


def page(
    request: HttpRequest,
    template: str,
    office: Directory | None = None,
    *,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    """Render a page of the citizen in the frame of its office."""
    frame: dict[str, Any] = {"home_url": reverse("citizen:home")}
    if office:
        frame = {
            "office": office.office,
            "home_url": reverse("citizen:office", args=[office.office.slug]),
        }
    return render(request, f"citizen/{template}.html", frame | context, status=status)


def of_booking(purpose: links.Purpose) -> Callable[..., Callable[..., HttpResponse]]:
    """Give the view the booking of the signed link, in the clocks of its office.

    What a link opens is private: never kept by caches, never listed by search engines.
    """

    def decorator(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapped(request: HttpRequest, token: str, *args: Any, **kwargs: Any) -> HttpResponse:
            found = booking_of(token, purpose)
            if found is None:
                return page(request, "bad_link", status=404)
            office = directory(found.office)
            with timezone.override(office.tz):
                response = view(request, found, office, token, *args, **kwargs)
            add_never_cache_headers(response)
            response["X-Robots-Tag"] = "noindex"
            return response

        return wrapped

    return decorator


def booking_of(token: str, purpose: links.Purpose) -> Booking | None:
    """The booking behind a signed link, if there is one."""
    known = links.read(token, purpose)
    if known is None:
        return None
    return Booking.objects.select_related("service", "office").filter(pk=known).first()


def is_held(booking: Booking, at: datetime) -> bool:
    """Whether the hold still stands."""
    return booking.state == State.HELD and bool(booking.expires_at and booking.expires_at > at)


def own_hold(request: HttpRequest, service: Service, at: datetime) -> Booking | None:
    """The hold that this browser has for the service and has requested nothing with, if any."""
    own = booking_of(cookies.read(request, cookies.HOLD), "hold")
    if own is None or own.service_id != service.pk or own.requested_at or not is_held(own, at):
        return None
    return own


def day_or_none(said: str) -> date | None:
    """The day of an address such as 2026-11-23."""
    return reading.day(said)


def instant_or_none(said: str) -> datetime | None:
    """The instant of a button's value; only aware ones count."""
    return reading.instant(said)


def language() -> str:
    """The language of the page."""
    return (get_language() or "cs").split("-")[0]


def limit_in_words(error: Refused, office: Directory, *, by_sms: bool) -> str:
    """The refusal; of too many bookings also where they are changed, and who books another."""
    if not isinstance(error, TooManyBookings):
        return sentence(error)
    most = int(error.params["most"])
    if by_sms:
        text = ngettext(
            "There is already %(n)s appointment for this number, and there can be no more here. You can change it by the link in the SMS.",
            "There are already %(n)s appointments for this number, and there can be no more here. You can change them by the links in the SMS.",
            most,
        )
    else:
        text = ngettext(
            "There is already %(n)s appointment for this e-mail address, and there can be no more here. You can change it by the link in the e-mail.",
            "There are already %(n)s appointments for this e-mail address, and there can be no more here. You can change them by the links in the e-mails.",
            most,
        )
    if office.office.phone:
        call = _("We can book another one for you on %(phone)s.")
        text += " " + call % {"phone": typography.phone(office.office.phone)}
    return text % {"n": most}


def months(offered: list[Term], url: Callable[[date], str]) -> list[dict[str, Any]]:
    """The days with terms, by month: a name and the links with the number of terms in words."""
    found = []
    for _month, terms in groupby(offered, key=lambda t: (t.day.year, t.day.month)):
        days = [(day, len(list(many))) for day, many in groupby(terms, key=lambda t: t.day)]
        found.append(
            {
                "first": days[0][0],
                "days": [
                    Choice(_day_name(day), free_terms(count), url=url(day)) for day, count in days
                ],
            }
        )
    return found


def when(term: Term) -> str:
    """The day and the time of a term."""
    return f"{_day_name(term.day)}, {_span(term)}"


def free_terms(count: int) -> str:
    """In words, with the plural of the language."""
    return ngettext("%(n)s free time", "%(n)s free times", count) % {"n": count}


def parts_of_day(offered: list[Term], *, with_officials: bool = False) -> list[dict[str, Any]]:
    """The terms of a day as buttons, in the morning and in the afternoon.

    How many places are free is said of windows only; with an official one is alone.
    """
    several = not with_officials and max((t.free for t in offered), default=1) > 1
    morning = [t for t in offered if timezone.localtime(t.starts_at).hour < NOON]
    afternoon = [t for t in offered if timezone.localtime(t.starts_at).hour >= NOON]
    return [
        {"name": name, "times": [_time(term, several=several) for term in terms]}
        for name, terms in ((_("Morning"), morning), (_("Afternoon"), afternoon))
        if terms
    ]


def nearest_choices(
    office: Directory, wish: Wish, starts_at: datetime, now: datetime
) -> dict[str, Any]:
    """What a page offers instead of a term that is gone: three others and a form to take one."""
    others = nearest(
        office=office,
        service=wish.service,
        starts_at=starts_at,
        now=now,
        persons=wish.persons,
        official=wish.official,
        mode=wish.mode or None,
    )
    code, slug = wish.service.code, office.office.slug
    return {
        "others": [Choice(when(t), value=t.starts_at.isoformat()) for t in others],
        "hold_url": reverse("citizen:times", args=[slug, code, _day_of(others, starts_at, office)])
        + wish.query(),
        "days_url": reverse("citizen:days", args=[slug, code]) + wish.query(),
        "request_key": uuid4(),
    }


def full_calendar(office: Directory, service: Service, now: datetime) -> dict[str, Any]:
    """What to say when nothing is free: when more comes, and how it looks without a booking."""
    return more_opens(office, service, now) | walk_in(office, service, now)


def more_opens(office: Directory, service: Service, now: datetime) -> dict[str, Any]:
    """When more terms can be booked, and of which day."""
    found = slots.more_opens(
        moment(now, office.tz),
        office.rules_of(service),
        lambda day: has_hours(office, service, day),
        ahead=RELEASE_WITHIN,
    )
    if found is None:
        return {}
    opens, day = found
    released = calendar.local_instant(opens.day, opens.minute, office.tz)
    return {"next_day": day, "released_at": released, "at": now}


def why_no_times(
    office: Directory, service: Service, day: date, at: datetime, *, mode: str | None = None
) -> str:
    """Why a day has no times: past, not released yet, closed (and why), or all taken."""
    rules, today = office.rules_of(service), calendar.day_of(at, office.tz)
    if day < today:
        return _("This day has passed.")
    if not has_hours(office, service, day, mode):
        why = office.closure(day, service)
        if why:
            return _("This day is closed: %(why)s.") % {"why": why}
        return _("We receive nobody for this on that day.")
    opens = slots.releases_at(day, rules)
    released = calendar.local_instant(opens.day, opens.minute, office.tz)
    if at < released:
        when = typography.on_day_at(released.astimezone(office.tz), today, language())
        return _("Times on this day cannot be booked yet. We release them %(when)s.") % {
            "when": when
        }
    return _("There are no free times left on this day.")


def walk_in(office: Directory, service: Service, now: datetime) -> dict[str, Any]:
    """What somebody who comes without a booking can expect at this moment."""
    seen = monitor(office, now=now)
    one = next(s for s in seen["services"] if s["code"] == service.code)
    opening = seen["next_opening"]
    return {
        "open": seen["open"],
        "waiting": one["waiting"],
        "wait_to_min": one["wait_to_min"],
        "wait_is_rough": one["wait_is_rough"],
        "tickets": one["tickets"],
        "tickets_ended": one["tickets_ended"],
        "walk_in": service.walk_in,
        "down": [one.text for one in notices(office, [service])],
        "at": now,
        "next_opening": datetime.fromisoformat(opening) if opening else None,
    }


def hours_of(office: Directory, day: date) -> str:
    """The hours of a day: 8:00–12:00, 13:00–17:00."""
    return spans(office.office_hours(day))


def spans(minutes: list[Interval[int]]) -> str:
    """Local minutes of a day as hours in one line."""
    return ", ".join(
        typography.span(_clock(one.start), _clock(one.end), language()) for one in minutes
    )


def _clock(minute: int) -> time:
    return time(minute // 60 % 24, minute % 60)


def _day_of(others: list[Term], starts_at: datetime, office: Directory) -> str:
    return (others[0].day if others else calendar.day_of(starts_at, office.tz)).isoformat()


def _day_name(day: date) -> str:
    """The day without its year, which the heading says: pondělí 23. listopadu."""
    return typography.long_date(day, language()).rsplit(typography.NBSP, 1)[0]


def _span(term: Term) -> str:
    return typography.span(
        timezone.localtime(term.starts_at), timezone.localtime(term.ends_at), language()
    )


def _time(term: Term, *, several: bool) -> Choice:
    places = ngettext("%(n)s place", "%(n)s places", term.free) % {"n": term.free}
    return Choice(_span(term), places if several else "", value=term.starts_at.isoformat())


def new_key(said: str) -> UUID:
    """The key of a form, or a new one if it was tampered with."""
    try:
        return UUID(said)
    except ValueError:
        return uuid4()
