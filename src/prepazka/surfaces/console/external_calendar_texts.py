"""Outside calendars in words: when they were read, why reading failed, and unclear events."""

from __future__ import annotations

import math
from datetime import datetime, time, timedelta
from operator import itemgetter
from typing import Any
from urllib.parse import urlsplit

from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prepazka.booking import external_calendars
from prepazka.booking.external_calendars import Shown
from prepazka.booking.models import OutsideCalendar
from prepazka.core.interval import Interval
from prepazka.looks.templatetags.typo import clock, cs_date, long_date, span
from prepazka.offices.models import Official
from prepazka.surfaces.console.diary_forms import SettingsForm

REASONS = {
    "forbidden": gettext_lazy("its address is in a network that cannot be accessed from here"),
    "unreachable": gettext_lazy("its server cannot be reached"),
    "slow": gettext_lazy("its server responds too slowly"),
    "denied": gettext_lazy("the name or the password is wrong"),
    "missing": gettext_lazy("there is no calendar at the address"),
    "broken": gettext_lazy("its server reports an error"),
    "big": gettext_lazy("it is too large"),
    "garbage": gettext_lazy("the address does not lead to a calendar"),
    "sealed": gettext_lazy("its password must be entered again"),
    "heavy": gettext_lazy("its repeating events could not be worked out in time"),
    "fault": gettext_lazy("reading it failed; the error is in the program’s log"),
}

# What could not be read in an event; the page shows beside it which time it takes.
DOUBTS = {
    "start": gettext_lazy("Its start cannot be read. It takes the time known before."),
    "end": gettext_lazy("Its end cannot be read. It takes the rest of its first day."),
    "zone": gettext_lazy("Its time zone is unknown. The office's time zone is used."),
    "rule": gettext_lazy(
        "How it repeats cannot be read. It takes its first time and the times known before."
    ),
    "budget": gettext_lazy(
        "It repeats too often to be worked out. It takes the times that could be worked out."
    ),
    "exception": gettext_lazy("It changes one of several repeats, but which one cannot be read."),
    "left_out": gettext_lazy("Which repeats are cancelled cannot be read. It takes all of them."),
    "torn": gettext_lazy("A part of it is missing."),
}
SOMETHING = gettext_lazy("It could not be understood.")
MOST_SHOWN = 50


def outside_of(official: Official) -> list[dict[str, Any]]:
    """The official's outside calendars with their state as a sentence."""
    return [_in_words(row) for row in _rows(official)]


def outside_with_doubts(official: Official, now: datetime) -> list[dict[str, Any]]:
    """The same with unclear and missing events, and the form of settings."""
    return [
        {
            **_in_words(row),
            **_unclear_events(external_calendars.doubts_of_calendar(row), now),
            "settings": SettingsForm(initial=vars(row), prefix=f"c{row.pk}"),
        }
        for row in _rows(official)
    ]


def calendar_state_in_words(row: OutsideCalendar) -> str:
    """The calendar's state as a sentence; names its host, not the secret part of its address."""
    words = {
        "host": urlsplit(row.url).hostname,
        "why": REASONS.get(row.failure, ""),
        "when": _moment(row.refreshed_at),
        "tried": _moment(row.tried_at),
    }
    if row.failure in READ:
        return f"{_('The calendar at %(host)s was read %(when)s.') % words} {READ[row.failure]}"
    if row.failure and row.refreshed_at:
        return (
            _(
                "The calendar at %(host)s cannot be read: %(why)s (tried %(tried)s). What "
                "was read %(when)s is still used."
            )
            % words
        )
    if row.failure:
        return (
            _("The calendar at %(host)s has not been read yet: %(why)s (tried %(tried)s).") % words
        )
    if row.refreshed_at:
        return _("The calendar at %(host)s was read %(when)s.") % words
    return _("The calendar at %(host)s will be read within a few minutes.") % words


# Texts by `booking.external_calendars.PARTIAL`: reading succeeded, but with a reservation.
READ = {
    "transparent": gettext_lazy("According to its server it takes no time, so it takes none here."),
    "damaged": gettext_lazy(
        "Its text is damaged. What was known before and is missing there still takes time."
    ),
    "vanished": gettext_lazy(
        "All or nearly all its events have disappeared at once. They block time for one "
        "more day, because it may be an error of its server."
    ),
    "partly": gettext_lazy("Something in it could not be understood, and blocks time."),
}


def _rows(official: Official) -> list[OutsideCalendar]:
    rows = OutsideCalendar.objects.filter(official=official).order_by("pk")
    return list(rows.defer("known_events"))


def _in_words(row: OutsideCalendar) -> dict[str, Any]:
    return {
        "row": row,
        "host": urlsplit(row.url).hostname,
        "failed": bool(row.failure) and row.failure != "transparent",
        "said": calendar_state_in_words(row),
    }


def _unclear_events(state: Shown, now: datetime) -> dict[str, Any]:
    by_start = []
    for doubt in state.doubts:
        ahead = [interval for interval in doubt.times if interval.end > now]
        words = {
            "mark": doubt.mark,
            "why": DOUBTS.get(doubt.why, SOMETHING),
            "next": _interval_in_words(ahead[0]) if ahead else "",
            "more": len(ahead) - 1,
            "takes": bool(doubt.times),
        }
        by_start.append((ahead[0].start.timestamp() if ahead else math.inf, words))
    # The nearest events first; those that take no time last.
    doubts = [words for _, words in sorted(by_start, key=itemgetter(0))]
    missing = [interval for interval in state.missing if interval.end > now]
    return {
        "doubts": doubts[:MOST_SHOWN],
        "more_doubts": max(0, len(doubts) - MOST_SHOWN),
        "missing": [_interval_in_words(interval) for interval in missing[:MOST_SHOWN]],
        "more_missing": max(0, len(missing) - MOST_SHOWN),
    }


def _interval_in_words(interval: Interval[datetime]) -> str:
    """The interval's day and time; whole days without the time."""
    start, end = localtime(interval.start), localtime(interval.end)
    if start.time() == end.time() == time():
        last_day = end - timedelta(days=1)
        days = long_date(start)
        if last_day.date() != start.date():
            days = f"{days} – {long_date(last_day)}"
        return _("%(days)s, all day") % {"days": days}
    if start.date() == end.date():
        return f"{long_date(start)} {span(start, end)}"
    return f"{long_date(start)} {clock(start)} – {long_date(end)} {clock(end)}"


def _moment(at: datetime | None) -> str:
    return f"{cs_date(at)} {clock(at)}".strip()
