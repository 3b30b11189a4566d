"""The demo's guided tour and its buttons, which post; 404 outside a demo."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from prepazka.core import calendar
from prepazka.offices import clock, demo_play
from prepazka.offices import devices as registry
from prepazka.offices.models import DemoClock, Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Shift, Ticket, TicketState
from prepazka.reporting.monitor import is_open, next_opening
from prepazka.surfaces.tour import guide
from prepazka.web import device_access
from prepazka.web.demo_installation import demo_offices, demo_only, has_mailbox, next_morning
from prepazka.web.demo_people import PASSWORD
from prepazka.web.shortcuts import now

OFFICE = "urad"  # in the address: which office the tour is about
SPEEDS = {"60": 60.0, "10": 10.0}
NOT_SENT = ("", "file", "console")  # gateways that send no SMS to anybody
STEPS = {"10": timedelta(minutes=10), "60": timedelta(minutes=60)}


@demo_only
@never_cache
@require_safe
def tour_page(request: HttpRequest) -> HttpResponse:
    """The tour of one demo office."""
    offices, moment = demo_offices(), now()
    chosen = _chosen(offices, request.GET.get(OFFICE, ""), moment)
    context: dict[str, Any] = {
        "home_url": reverse("start"),
        "offices": [
            {
                "office": office.row,
                "about": _about(office),
                "open": is_open(office, moment),
                "url": _address(office),
                "current": office is chosen,
            }
            for office in offices
        ],
    }
    if chosen is None:
        return render(request, "tour/tour.html", context)
    with timezone.override(chosen.tz):
        context |= _status(chosen, offices, moment)
        context |= {
            "cards": guide.tour_cards(guide.read_facts(chosen)),
            "next_morning": next_morning([chosen], moment),
            "real_time": clock.shows_real_time(),
            "can_play": settings.DEMO_PLAYER,
            "play_url": settings.BASE_URL,
            "stays_here": has_mailbox() and settings.SMS_GATEWAY in NOT_SENT,
        }
        return render(request, "tour/tour.html", context)


@demo_only
@never_cache
@require_safe
def tour_status(request: HttpRequest) -> HttpResponse:
    """The live part of the tour: the time and the simulated people."""
    offices, moment = demo_offices(), now()
    chosen = _chosen(offices, request.GET.get(OFFICE, ""), moment)
    if chosen is None:
        raise Http404
    with timezone.override(chosen.tz):
        return render(request, "tour/_status.html", _status(chosen, offices, moment))


@demo_only
@require_POST
def set_clock(request: HttpRequest) -> HttpResponse:
    """Move the demo's clock forward or back to real time; refused during a simulation."""
    offices, moment = demo_offices(), now()
    chosen = _chosen(offices, request.POST.get(OFFICE, ""), moment)
    wish = request.POST.get("do", "")
    play = demo_play.current_play()
    if play and play.is_active:
        messages.warning(
            request, _("While people are coming, the clock follows them. Stop them first.")
        )
    elif wish == "real":
        clock.stop_playing()
    elif wish == "morning" and chosen and (morning := next_morning([chosen], moment)):
        clock.move_to(morning)
    elif wish in STEPS:
        clock.move_to(moment + STEPS[wish])
    return _back(chosen, "hodiny")


@demo_only
@require_POST
def let_people_come(request: HttpRequest) -> HttpResponse:
    """Start or stop the simulation of a day with people coming."""
    if not settings.DEMO_PLAYER:
        raise Http404
    chosen = _chosen(demo_offices(), request.POST.get(OFFICE, ""), now())
    if "stop" in request.POST:
        demo_play.request_stop()
    elif chosen:
        speed = SPEEDS.get(request.POST.get("speed", ""), SPEEDS["60"])
        demo_play.request_play(office=chosen.row, speed=speed)
    return _back(chosen, "lide")


@demo_only
@require_POST
def log_in(request: HttpRequest, slug: str, role: str) -> HttpResponse:
    """Log in as the demo's person of the role with the published password.

    Shows an error if the password was changed; a second factor is still asked for.
    """
    facts = guide.read_facts(_office_or_404(slug))
    if role not in facts.names:
        raise Http404(role)
    username = f"{guide.LOG_INS[role]}.{slug}"
    user = get_adapter().authenticate(request, username=username, password=PASSWORD)
    if user is None:
        messages.error(
            request, _("The password of this account has been changed, so the tour cannot use it.")
        )
        return _back(facts.office, role)
    # The tour's own tab stays open, and its forms must work after this log-in, so the CSRF token
    # is kept. Everybody may log in here, so an older token gives nobody more than the page does.
    csrf_secret = request.META.get("CSRF_COOKIE")
    response: HttpResponse = perform_login(
        request, user, redirect_url=guide.first_page(role, facts)
    )
    request.META["CSRF_COOKIE"] = csrf_secret
    if request.user.is_authenticated:
        at_counter = Shift.objects.filter(clerk=request.user.pk, closed_at=None).exists()
        text = guide.begins_with(role, at_counter=at_counter)
        messages.info(request, text % {"name": facts.names[role]})
    return response


@demo_only
@require_POST
def pair_tour_browser(request: HttpRequest, slug: str, code: str) -> HttpResponse:
    """Pair this browser as the office's kiosk or display, replacing the browser paired before."""
    office = _office_or_404(slug)
    device = Device.objects.filter(office=office.row, code=code, retired=False).first()
    if device is None:
        raise Http404(code)
    pairing_code = registry.make_pairing_code(device=device, now=now())
    _device, token = registry.pair_device(code=pairing_code, now=now(), kind=device.kind)
    kind = Device.Kind(device.kind)
    response = redirect("kiosk:start" if kind == Device.Kind.KIOSK else "display:panel")
    device_access.keep_token(response, kind, token)
    return response


def _office_or_404(slug: str) -> OfficeSnapshot:
    office = next((o for o in demo_offices() if o.slug == slug), None)
    if office is None:
        raise Http404(slug)
    return office


def _chosen(offices: list[OfficeSnapshot], slug: str, moment: datetime) -> OfficeSnapshot | None:
    """The office of the slug; else the simulated one, an open one, or the first."""
    if named := next((o for o in offices if o.slug == slug), None):
        return named
    play = demo_play.current_play()
    if play and play.is_active:
        return next((o for o in offices if o.office_id == play.office_id), None)
    opened = (o for o in offices if is_open(o, moment))
    return next(opened, offices[0] if offices else None)


def _address(office: OfficeSnapshot, anchor: str = "") -> str:
    query = urlencode({OFFICE: office.slug})
    return f"{reverse('start')}?{query}" + (f"#{anchor}" if anchor else "")


def _back(office: OfficeSnapshot | None, anchor: str) -> HttpResponse:
    return redirect(_address(office, anchor) if office else "start")


def _about(office: OfficeSnapshot) -> str:
    """What is special about the demo office, as a sentence; empty if nothing."""
    facts = guide.Facts(office, [], {}, None)
    if facts.by_video:
        if facts.window_min:
            return _("Diaries of officials, and counters beside them")
        return _("Meetings with officials, by video or in person")
    if len(office.open_counters()) == 1:
        return _("One counter for everything")
    if facts.window_min:
        text = _("Bookings in %(minutes)s-minute windows, beside walk-ins")
        return text % {"minutes": facts.window_min}
    return ""


def _status(
    office: OfficeSnapshot, offices: list[OfficeSnapshot], moment: datetime
) -> dict[str, Any]:
    """Template context of the live part: time, opening, and the simulation."""
    today = calendar.day_of(moment, office.tz)
    hours = office.opening_hours.of_office(today)
    closes = next((h.end for h in hours if h.contains(calendar.minute_of(moment, office.tz))), None)
    play = demo_play.current_play()
    played = next((o for o in offices if play and o.office_id == play.office_id), None)
    return {
        "office_shown": office.row,
        "now": moment,
        "closes": closes and calendar.local_instant(today, closes, office.tz),
        "opens": None if closes else next_opening(office, moment),
        "play": play if played else None,
        "people_come": DemoClock.objects.exclude(speed=1).exists(),
        "played": _day_progress(played, moment) if play and played else None,
        "played_here": played is office,
        "played_url": _address(played) if played else "",
    }


def _day_progress(office: OfficeSnapshot, moment: datetime) -> dict[str, Any]:
    """The simulated day's progress in minutes, and counts of tickets and open counters."""
    today = calendar.day_of(moment, office.tz)
    of_day = Ticket.objects.filter(office=office.row, date=today)
    states = Counter(of_day.values_list("state", flat=True))
    hours = office.opening_hours.of_office(today)
    opens, closes = (hours[0].start, hours[-1].end) if hours else (0, calendar.DAY_MIN)
    minute = calendar.minute_of(moment, office.tz)
    return {
        "tickets": states.total(),
        "waiting": sum(states[state] for state in IN_QUEUE),
        "at_counters": sum(states[state] for state in AT_COUNTER),
        "served": states[TicketState.FINISHED],
        "counters": Shift.objects.filter(office=office.row, closed_at=None).count(),
        "of_day": min(max(minute - opens, 0), closes - opens),
        "whole_day": closes - opens,
    }
