"""What exists in a demo only: its pages, and the next morning to which its clock can be moved."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse

from prepazka.core import calendar
from prepazka.journal.models import Event
from prepazka.offices.directory import Directory, directory
from prepazka.offices.models import Office
from prepazka.reporting.monitor import is_open

MORNING = 9 * 60  # local minutes
LOOKS_AHEAD = 21  # days; holidays and a company holiday between two full weeks


def demo_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let the address exist in a demo only."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEMO:
            raise Http404
        return view(request, *args, **kwargs)

    return wrapped


def with_mailbox(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Let the address exist in every demo; in one for the public the view shows each their own."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (settings.DEMO or settings.DEMO_PUBLIC):
            raise Http404
        return view(request, *args, **kwargs)

    return wrapped


def has_mailbox() -> bool:
    """Whether mails stay in the demo's mailbox, and go to no real server."""
    return bool(os.environ.get("PREPAZKA_MAILBOX"))


def demo_offices() -> list[Directory]:
    """The offices that came with the demo, in the order in which they were loaded."""
    return [directory(one) for one in Office.objects.filter(demo=True).order_by("pk")]


def next_morning(offices: Sequence[Directory], now: datetime) -> datetime | None:
    """9:00 of the next day on which more than half of the offices are open then.

    Later than everything that has happened in them, for on a clock that went back there would be
    tickets of the future. None if there is no such morning within three weeks.
    """
    if not offices:
        return None
    after, tz = max(now, _latest_event(offices)), offices[0].tz
    today = calendar.day_of(after, tz)
    for ahead in range(LOOKS_AHEAD):
        morning = calendar.local_instant(today + timedelta(days=ahead), MORNING, tz)
        open_then = sum(is_open(office, morning) for office in offices)
        if morning > after and open_then * 2 > len(offices):
            return morning
    return None


def _latest_event(offices: Sequence[Directory]) -> datetime:
    """When something last happened in the offices; the beginning of time where nothing has."""
    events = Event.objects.filter(office__in=[one.office.pk for one in offices])
    latest: datetime | None = events.aggregate(latest=Max("at"))["latest"]
    return latest or datetime.min.replace(tzinfo=UTC)
