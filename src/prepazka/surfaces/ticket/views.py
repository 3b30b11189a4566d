"""What the holder of a ticket sees: the place, the call; and may do: put off, give up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from prepazka.core import calendar, reading
from prepazka.core.refusal import Refused
from prepazka.offices.directory import Directory, directory
from prepazka.offices.incidents import said_of
from prepazka.queueing import tickets
from prepazka.queueing.models import IN_QUEUE, State, Ticket, TurnAlert
from prepazka.queueing.validity import pin_returns_until
from prepazka.reporting.overtakes import before
from prepazka.reporting.place import Place, announced
from prepazka.surfaces.ticket.words import headline
from prepazka.web import missed, reasons
from prepazka.web.errors import sentence
from prepazka.web.shortcuts import now

LONGEST_CODE = 16
ASKS_WHY = (*IN_QUEUE, State.CALLED, State.SERVING)
View = Callable[..., HttpResponse]


def of_ticket(view: View) -> View:
    """Give the view the ticket of the address and its office; after its day it is a farewell."""

    @wraps(view)
    def wrapped(request: HttpRequest, code: str) -> HttpResponse:
        if not code.isprintable():  # the database cannot be asked for a zero byte
            raise Http404
        found = Ticket.objects.filter(code=code.upper()[:LONGEST_CODE]).select_related("office")
        ticket = found.first()
        if ticket is None:
            raise Http404(code)
        office = directory(ticket.office)
        timezone.activate(office.tz)
        try:
            if calendar.day_of(now(), office.tz) != ticket.date:
                context = {"office": office.office, "ticket": ticket}
                return render(request, "ticket/over.html", context, status=410)
            return view(request, ticket, office)
        finally:
            timezone.deactivate()

    return never_cache(wrapped)


@of_ticket
@require_safe
def page(request: HttpRequest, ticket: Ticket, office: Directory) -> HttpResponse:
    """The whole page."""
    return render(request, "ticket/page.html", _shown(ticket, office))


@of_ticket
@require_safe
def content(request: HttpRequest, ticket: Ticket, office: Directory) -> HttpResponse:
    """What changes on it."""
    return render(request, "ticket/_content.html", _shown(ticket, office))


@of_ticket
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest, ticket: Ticket, office: Directory) -> HttpResponse:
    """Give the place up, after a question."""
    if request.method != "POST":
        return _question(request, "leave", ticket, office)
    return _done(request, ticket, office, lambda: tickets.give_up(ticket=ticket.pk, now=now()))


@of_ticket
@require_http_methods(["GET", "HEAD", "POST"])
def later(request: HttpRequest, ticket: Ticket, office: Directory) -> HttpResponse:
    """Let others go first for a while."""
    if request.method != "POST":
        return _question(request, "later", ticket, office)
    minutes = reading.whole(request.POST.get("minutes"), calendar.DAY_MIN) or 0
    return _done(
        request,
        ticket,
        office,
        lambda: tickets.postpone(ticket=ticket.pk, minutes=minutes, now=now()),
    )


def _question(request: HttpRequest, name: str, ticket: Ticket, office: Directory) -> HttpResponse:
    possible = ticket.state in IN_QUEUE if name == "leave" else tickets.may_postpone(ticket)
    if not possible:
        return redirect("ticket:page", code=ticket.code)
    return render(
        request,
        f"ticket/{name}.html",
        {
            "office": office.office,
            "ticket": ticket,
            "choices": tickets.POSTPONE_BY,
        },
    )


def _done(
    request: HttpRequest, ticket: Ticket, office: Directory, act: Callable[[], Ticket]
) -> HttpResponse:
    try:
        act()
    except Refused as refused:
        fresh = Ticket.objects.get(pk=ticket.pk)
        shown = _shown(fresh, office) | {"problem": sentence(refused)}
        return render(request, "ticket/page.html", shown, status=409)
    return redirect("ticket:page", code=ticket.code)


def told_by(ticket: Ticket) -> str:
    """By which way its holder is told of the turn."""
    return way(TurnAlert.objects.filter(ticket=ticket).first())


def way(alert: TurnAlert | None) -> str:
    """The way that was wished: `email`, `phone`, `push`, or nothing."""
    return next((one for one in ("email", "phone", "push") if alert and getattr(alert, one)), "")


def _shown(ticket: Ticket, office: Directory) -> dict[str, Any]:
    moment = now()
    place = announced(office, ticket, now=moment)
    return shown(ticket, office, place, told_by(ticket), moment)


def shown(
    ticket: Ticket, office: Directory, place: Place, told: str, moment: datetime
) -> dict[str, Any]:
    """What the page and its live part say."""
    aside = bool(ticket.parked_until and ticket.parked_until > moment)
    return {
        "office": office.office,
        "ticket": ticket,
        "place": place,
        "aside": aside and ticket.state == State.PARKED,
        "headline": headline(place, office, moment),
        "call": missed.to_holder(ticket, office),
        "pin_until": _pin_until(ticket, office, moment),
        "may_return": place.valid_until > moment,
        "waits": ticket.state in IN_QUEUE,
        "called": ticket.state == State.CALLED,
        "early": bool(ticket.booked_from and ticket.booked_from > moment),
        "may_postpone": tickets.may_postpone(ticket),
        "told": told,
        "now": moment,
        "down": said_of(place.incident, office) if place.incident else "",
        "asks_why": ticket.state in ASKS_WHY,
    }


def _pin_until(ticket: Ticket, office: Directory, moment: datetime) -> datetime | None:
    until = pin_returns_until(office, ticket)
    return until if until and until > moment else None


@of_ticket
@require_safe
def why(request: HttpRequest, ticket: Ticket, office: Directory) -> HttpResponse:
    """Who went before although they came later, and why; numbers only."""
    found = before(office, ticket, now=now())
    context = {
        "office": office.office,
        "ticket": ticket,
        "before": found,
        "own": reasons.public(found.reason, office),
        "overtakes": [(one, reasons.public(one.reason, office)) for one in found.overtakes],
    }
    return render(request, "ticket/why.html", context)
