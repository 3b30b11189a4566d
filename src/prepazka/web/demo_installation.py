"""Demo installations: decorators of demo pages, demo offices, and the next morning."""

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
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.reporting.monitor import is_open

MORNING = 9 * 60  # local minutes
LOOKS_AHEAD = 21  # days; covers holidays and a company holiday


def demo_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer 404 unless this is a demo."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not settings.DEMO:
            raise Http404
        return view(request, *args, **kwargs)

    return wrapped


def with_mailbox(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Answer 404 unless this is a demo, private or public."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not (settings.DEMO or settings.DEMO_PUBLIC):
            raise Http404
        return view(request, *args, **kwargs)

    return wrapped


def has_mailbox() -> bool:
    """Whether mails go to the demo's mailbox instead of a real server."""
    return bool(os.environ.get("PREPAZKA_MAILBOX"))


def demo_offices() -> list[OfficeSnapshot]:
    """The demo's offices in the order in which they were loaded."""
    return [snapshot_of(row) for row in Office.objects.filter(demo=True).order_by("pk")]


def next_morning(offices: Sequence[OfficeSnapshot], now: datetime) -> datetime | None:
    """9:00 of the next day when more than half of the offices are open at that time.

    Later than all recorded events, because with a clock moved back there would be tickets from
    the future. None if there is no such morning within three weeks.
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


def _latest_event(offices: Sequence[OfficeSnapshot]) -> datetime:
    """The instant of the offices' last event; the earliest datetime if there is none."""
    events = Event.objects.filter(office__in=[o.office_id for o in offices])
    latest: datetime | None = events.aggregate(latest=Max("at"))["latest"]
    return latest or datetime.min.replace(tzinfo=UTC)
