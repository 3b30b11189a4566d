"""The wall display: who is called where, and what else everybody in the hall should know."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from prepazka.core.refusal import Refused
from prepazka.offices import devices as registry
from prepazka.offices.directory import Directory
from prepazka.offices.models import Counter, Device
from prepazka.offices.text import Texts
from prepazka.queueing.models import AT_COUNTER, Shift, State, Ticket
from prepazka.queueing.tickets import tickets_ended
from prepazka.reporting.monitor import is_open, last_calls, next_opening
from prepazka.web import devices, errors
from prepazka.web.limits import TooManyTries
from prepazka.web.shortcuts import now

ROWS = 6
MOST_NOTICES = 3


def unpaired(request: HttpRequest) -> HttpResponse:
    """Ask for the code; a screen that shows calls is told to load itself again."""
    if request.path == reverse("display:content"):
        return render(request, "display/_revoked.html")
    return _pairing_screen(request)


_of_display = devices.of_device(Device.Kind.DISPLAY, unpaired)


@never_cache
@_of_display
@require_safe
def panel(request: HttpRequest, display: Device, office: Directory) -> HttpResponse:
    """The whole screen."""
    response = render(request, "display/panel.html", _shown(display, office))
    devices.renew_token(request, response, Device.Kind.DISPLAY)
    return response


@never_cache
@_of_display
@require_safe
def content(request: HttpRequest, display: Device, office: Directory) -> HttpResponse:
    """What changes on it."""
    return render(request, "display/_content.html", _shown(display, office))


@require_POST
def pairing(request: HttpRequest) -> HttpResponse:
    """Make this browser a display."""
    try:
        token = devices.pair_browser(request, Device.Kind.DISPLAY)
    except (registry.PairingCodeWrong, TooManyTries) as refused:
        status = 429 if isinstance(refused, TooManyTries) else 422
        return _pairing_screen(request, refused, status)
    response = redirect("display:panel")
    devices.keep_token(response, Device.Kind.DISPLAY, token)
    return response


def _pairing_screen(
    request: HttpRequest, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    errors_ = [{"field_id": "code", "text": errors.sentence(refused)}] if refused else []
    return render(request, "display/pairing.html", {"errors": errors_}, status=status)


def _shown(display: Device, office: Directory) -> dict[str, Any]:
    moment = now()
    counters = _counters(display, office)
    calls = last_calls(office, now=moment, counters=[c.pk for c in counters], most=ROWS)
    for call in calls:
        call["place"] = Texts(call["place"])
        call["key"] = f"{call['ticket']}/{call['calls']}/{call['called_at']}"
    shifts = list(
        Shift.objects.filter(
            office=office.office, closed_at=None, counter__in=[c.pk for c in counters]
        )
    )
    closed = not is_open(office, moment) and not shifts
    closed = closed and not _somebody_called(office, counters)
    return {
        "office": office.office,
        "calls": [] if closed else calls,
        "latest": None if closed else next(iter(calls), None),
        "closed": closed,
        "opens": next_opening(office, moment) if closed else None,
        "notices": [] if closed else _notices(office, counters, shifts),
        "now": moment,
        "wall_clock": moment.astimezone(office.tz).isoformat(timespec="seconds"),
        "called": State.CALLED,
        "above_counter": display.options.get("layout") == "counter",
    }


def _counters(display: Device, office: Directory) -> list[Counter]:
    """The counters this display is for; all of them where its options name none."""
    codes = display.options.get("counters")
    return [c for c in office.open_counters() if not codes or c.code in codes]


def _somebody_called(office: Directory, counters: list[Counter]) -> bool:
    return Ticket.objects.filter(
        office=office.office, counter__in=[c.pk for c in counters], state__in=AT_COUNTER
    ).exists()


def _notices(office: Directory, counters: list[Counter], shifts: list[Shift]) -> list[str]:
    """What everybody in the hall should know, in words."""
    moment, said = now(), []
    served = set().union(*(office.serves[c.pk] for c in counters)) if counters else set()
    ended = [
        str(s.name)
        for s in office.offered_services()
        if s.pk in served and tickets_ended(office, s, moment)
    ]
    if ended:
        said.append(_("No more tickets today: %(services)s") % {"services": ", ".join(ended)})
    if not shifts:
        said.append(_("No counter is open at the moment. Please wait."))
    numbers = {c.pk: c.number for c in counters}
    said += [
        _("Counter %(number)s has a break") % {"number": numbers[shift.counter_id]}
        for shift in shifts
        if shift.paused_at
    ]
    return said[:MOST_NOTICES]
