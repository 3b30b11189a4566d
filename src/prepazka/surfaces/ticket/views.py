"""The ticket holder's pages: position and call, postponing, leaving the queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from prepazka.core import calendar, reading
from prepazka.core.refusal import Refused
from prepazka.messaging.channels import adapter_of_contact
from prepazka.offices.incident_texts import incident_in_words
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing import tickets
from prepazka.queueing.models import IN_QUEUE, Ticket, TicketState, TurnAlert
from prepazka.queueing.validity import pin_returns_until
from prepazka.reporting.overtakes import overtakes_of
from prepazka.reporting.place import Place, announced_place
from prepazka.surfaces.ticket.ticket_texts import ticket_headline
from prepazka.web import missed_call_texts, reasons
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import now

LONGEST_CODE = 16
ASKS_WHY = (*IN_QUEUE, TicketState.CALLED, TicketState.SERVING)
View = Callable[..., HttpResponse]


def of_ticket(view: View) -> View:
    """Pass the ticket of the address and its office to the view; 410 after the ticket's day."""

    @wraps(view)
    def wrapped(request: HttpRequest, code: str) -> HttpResponse:
        if not code.isprintable():  # PostgreSQL rejects a zero byte in a text parameter
            raise Http404
        matching = Ticket.objects.filter(code=code.upper()[:LONGEST_CODE]).select_related("office")
        ticket = matching.first()
        if ticket is None:
            raise Http404(code)
        office = snapshot_of(ticket.office)
        timezone.activate(office.tz)
        try:
            if calendar.day_of(now(), office.tz) != ticket.date:
                context = {"office": office.row, "ticket": ticket}
                return render(request, "ticket/over.html", context, status=410)
            return view(request, ticket, office)
        finally:
            timezone.deactivate()

    return never_cache(wrapped)


@of_ticket
@require_safe
def ticket_page(request: HttpRequest, ticket: Ticket, office: OfficeSnapshot) -> HttpResponse:
    """The ticket's page."""
    return render(request, "ticket/page.html", _context(ticket, office))


@of_ticket
@require_safe
def ticket_content(request: HttpRequest, ticket: Ticket, office: OfficeSnapshot) -> HttpResponse:
    """The live part of the ticket's page."""
    return render(request, "ticket/_content.html", _context(ticket, office))


@of_ticket
@require_http_methods(["GET", "HEAD", "POST"])
def leave_queue_page(request: HttpRequest, ticket: Ticket, office: OfficeSnapshot) -> HttpResponse:
    """Leave the queue, after a page that asks for confirmation."""
    if request.method != "POST":
        return _question(request, "leave", ticket, office)
    return _apply(request, ticket, office, lambda: tickets.leave_queue(ticket=ticket.pk, now=now()))


@of_ticket
@require_http_methods(["GET", "HEAD", "POST"])
def postpone_page(request: HttpRequest, ticket: Ticket, office: OfficeSnapshot) -> HttpResponse:
    """Postpone the ticket by some minutes, letting others go first."""
    if request.method != "POST":
        return _question(request, "later", ticket, office)
    minutes = reading.read_whole_number(request.POST.get("minutes"), calendar.DAY_MIN) or 0
    return _apply(
        request,
        ticket,
        office,
        lambda: tickets.postpone_ticket(ticket=ticket.pk, minutes=minutes, now=now()),
    )


def _question(
    request: HttpRequest, name: str, ticket: Ticket, office: OfficeSnapshot
) -> HttpResponse:
    possible = ticket.state in IN_QUEUE if name == "leave" else tickets.may_postpone(ticket)
    if not possible:
        return redirect("ticket:page", code=ticket.code)
    return render(
        request,
        f"ticket/{name}.html",
        {
            "office": office.row,
            "ticket": ticket,
            "choices": tickets.POSTPONE_BY,
        },
    )


def _apply(
    request: HttpRequest, ticket: Ticket, office: OfficeSnapshot, act: Callable[[], Ticket]
) -> HttpResponse:
    try:
        act()
    except Refused as refused:
        fresh = Ticket.objects.get(pk=ticket.pk)
        context = _context(fresh, office) | {"problem": refusal_sentence(refused)}
        return render(request, "ticket/page.html", context, status=409)
    return redirect("ticket:page", code=ticket.code)


def announcement_for(ticket: Ticket) -> str | Promise:
    """How the ticket's turn is announced to its holder; "" without an alert."""
    return alert_announcement(TurnAlert.objects.filter(ticket=ticket).first())


def alert_announcement(alert: TurnAlert | None) -> str | Promise:
    """How the turn is announced, as a sentence; "" without an alert or its contact."""
    adapter = adapter_of_contact(alert) if alert else None
    return adapter.turn_announcement if adapter else ""


def _context(ticket: Ticket, office: OfficeSnapshot) -> dict[str, Any]:
    moment = now()
    position = announced_place(office, ticket, now=moment)
    return ticket_context(ticket, office, position, announcement_for(ticket), moment)


def ticket_context(
    ticket: Ticket,
    office: OfficeSnapshot,
    position: Place,
    announcement: str | Promise,
    moment: datetime,
) -> dict[str, Any]:
    """Template context of the page and its live part, with the turn alert's announcement."""
    aside = bool(ticket.parked_until and ticket.parked_until > moment)
    return {
        "office": office.row,
        "ticket": ticket,
        "place": position,
        "aside": aside and ticket.state == TicketState.PARKED,
        "headline": ticket_headline(position, office, moment),
        "call": missed_call_texts.to_holder(ticket, office),
        "pin_until": _pin_until(ticket, office, moment),
        "may_return": position.valid_until > moment,
        "waits": ticket.state in IN_QUEUE,
        "called": ticket.state == TicketState.CALLED,
        "early": bool(ticket.booked_from and ticket.booked_from > moment),
        "may_postpone": tickets.may_postpone(ticket),
        "announcement": announcement,
        "now": moment,
        "down": incident_in_words(position.incident, office) if position.incident else "",
        "asks_why": ticket.state in ASKS_WHY,
    }


def _pin_until(ticket: Ticket, office: OfficeSnapshot, moment: datetime) -> datetime | None:
    until = pin_returns_until(office, ticket)
    return until if until and until > moment else None


@of_ticket
@require_safe
def why_waiting_page(request: HttpRequest, ticket: Ticket, office: OfficeSnapshot) -> HttpResponse:
    """Tickets called earlier although issued later, with reasons; by number only."""
    explanation = overtakes_of(office, ticket, now=now())
    context = {
        "office": office.row,
        "ticket": ticket,
        "before": explanation,
        "own": reasons.reason_for_public(explanation.reason, office),
        "overtakes": [
            (overtake, reasons.reason_for_public(overtake.reason, office))
            for overtake in explanation.overtakes
        ],
    }
    return render(request, "ticket/why.html", context)
