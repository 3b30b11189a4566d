"""The demo's clock: administrators of demo offices set it to another time or back to real time."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import isfinite

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from prepazka.core import reading
from prepazka.offices import clock
from prepazka.offices.models import DemoClock, Membership, Role
from prepazka.web import staff_access
from prepazka.web.demo_installation import demo_only

LONGEST = timedelta(days=2)
FASTEST = 3600.0


@demo_only
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def demo_clock_page(request: HttpRequest) -> HttpResponse:
    """The clock's time; a post sets it, or with `stop` returns it to real time."""
    if refusal := staff_access.step_before_access(request):
        return refusal
    memberships = Membership.objects.filter(user=request.user.pk, office__demo=True)
    if not memberships.filter(role=Role.ADMINISTRATOR).exists():
        raise PermissionDenied
    if request.method != "POST":
        return _page(request)
    if "stop" in request.POST:
        clock.stop_playing()
    else:
        try:
            start, duration, speed = _posted_play(request)
        except (ValueError, OverflowError):
            text = _("Enter the time, the minutes and the speed as in the example.")
            return _page(request, text)
        clock.play_period(shown_from=start, lasts=duration, speed=speed)
    return redirect("demo_clock")


def _posted_play(request: HttpRequest) -> tuple[datetime, timedelta, float]:
    start = reading.read_instant(request.POST.get("from", ""))
    duration = timedelta(minutes=float(request.POST.get("minutes", "")))
    speed = float(request.POST.get("speed", ""))
    if start is None or not timedelta() < duration <= LONGEST:
        raise ValueError
    if not isfinite(speed) or not 0 < speed <= FASTEST:
        raise ValueError
    return start, duration, speed


def _page(request: HttpRequest, problem: str = "") -> HttpResponse:
    moment = clock.now()
    playing = DemoClock.objects.first()
    with timezone.override(settings.DEFAULT_ZONE):
        return render(
            request,
            "mailbox/clock.html",
            {
                "now": moment,
                "iso": moment.isoformat(timespec="seconds"),
                "playing": playing if playing and moment < playing.shown_to else None,
                "errors": [{"field_id": "from", "text": problem}] if problem else [],
            },
            status=422 if problem else 200,
        )
