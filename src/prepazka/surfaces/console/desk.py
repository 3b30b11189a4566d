"""The desk: today's bookings, arrivals and tickets for people without booking."""

from __future__ import annotations

import re
from datetime import date, datetime
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking, BookingState
from prepazka.core import calendar, reading
from prepazka.core.pins import Outcome
from prepazka.offices.models import Membership
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import tickets
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Ticket, TicketState
from prepazka.queueing.refusals import NotWaiting
from prepazka.queueing.tickets import check_in_at_desk, issues_tickets
from prepazka.queueing.validity import valid_until
from prepazka.queueing.wrong_pins import guarded_kiosks
from prepazka.reporting.live_hall import hall_at
from prepazka.reporting.missed_tickets import count_missed
from prepazka.surfaces.console import board
from prepazka.surfaces.console.console_texts import state_in_words, verdict_in_words
from prepazka.surfaces.console.forms import TicketForm
from prepazka.web import readings, staff_access, ticket_paper
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

MOST_ROWS = 300
SHOWN = (
    BookingState.UNCONFIRMED,
    BookingState.CONFIRMED,
    BookingState.ARRIVED,
    BookingState.SERVED,
    BookingState.NO_SHOW,
    BookingState.CANCELLED_BY_CITIZEN,
    BookingState.CANCELLED_BY_OFFICE,
    BookingState.DISPLACED,
)


@staff_only(*staff_access.DESK_LOOK)
@require_GET
def bookings_of_day(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """Bookings of a day (today by default), filtered by PIN, ticket number, time or name."""
    moment = now()
    day = _day(request.GET.get("den", "")) or calendar.day_of(moment, office.tz)
    search = request.GET.get("hledat", "").strip()[:60]
    rows = Booking.objects.filter(office=office.row, date=day, state__in=SHOWN)
    rows = _search(rows, search, day, office).select_related("ticket")
    if search:
        readings.note_search(member, search, now=moment)
    else:
        readings.note_list(member, "bookings", now=moment)
    return render(
        request,
        "console/desk.html",
        {
            "office": office.row,
            "member": member,
            "day": day,
            "wanted": search,
            "today": day == calendar.day_of(moment, office.tz),
            "rows": [
                {
                    "booking": row,
                    "service": office.services[row.service_id],
                    "official": official_of(office, row),
                    "state": state_in_words(row, office),
                    "comes": row.state == BookingState.CONFIRMED,
                    "missed": _may_return(office, row, moment),
                    "ticket": _valid_ticket(row),
                }
                for row in rows.order_by("starts_at", "created_at")[:MOST_ROWS]
            ],
            "may_write": member.role in staff_access.DESK,
            "missed": count_missed(office, now=moment),
            "diaries": bool(office.open_officials()),
            "faults": board.faults_of_devices(office),
            "guarded": guarded_kiosks(office, now=moment),
            "down": board.incidents_at_counter(office),
        },
    )


def _may_return(office: OfficeSnapshot, booking: Booking, moment: datetime) -> Ticket | None:
    """The booking's no-show ticket that may still be returned to the queue, or None."""
    ticket = getattr(booking, "ticket", None)
    if ticket is None or ticket.state != TicketState.NO_SHOW:
        return None
    return ticket if valid_until(office, ticket) > moment else None


def _valid_ticket(booking: Booking) -> Ticket | None:
    """The booking's ticket that is waiting or at a counter, or None."""
    ticket = getattr(booking, "ticket", None)
    return ticket if ticket and ticket.state in (*IN_QUEUE, *AT_COUNTER) else None


def _day(text: str) -> date | None:
    return reading.read_day(text)


def _search(
    rows: QuerySet[Booking], text: str, day: date, office: OfficeSnapshot
) -> QuerySet[Booking]:
    if not text:
        return rows
    if re.fullmatch(r"[0-9]{4}", digits := text.replace(" ", "")):
        return rows.filter(pin=digits)
    if number := re.fullmatch(r"([^\W\d_]{1,3}) ?([0-9]{1,6})", text):
        return rows.filter(ticket__letter__iexact=number[1], ticket__number=int(number[2]))
    if (minute := _minute(text)) is not None:
        at = calendar.local_instant(day, minute, office.tz)
        return rows.filter(starts_at__lte=at, ends_at__gt=at)
    return rows.filter(Q(name__icontains=text))


def _minute(text: str) -> int | None:
    """Minutes of the day from a time written as 8:30 or 8.30; None if unreadable."""
    hour, _sep, minute = text.replace(".", ":").partition(":")
    hours, minutes = reading.read_whole_number(hour, 23), reading.read_whole_number(minute, 59)
    return None if hours is None or minutes is None else hours * 60 + minutes


@staff_only(*staff_access.DESK)
@require_POST
def check_in_booking(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, booking: UUID
) -> HttpResponse:
    """Check a booked client in; a repeated post returns the same ticket."""
    if not Booking.objects.filter(pk=booking, office=office.row).exists():
        raise Http404
    checkin = check_in_at_desk(
        office=office, booking=booking, touch=booking, now=now(), actor=member.user_id
    )
    registered = checkin.verdict.accepted or checkin.verdict.outcome is Outcome.RETURNED
    say = messages.success if registered else messages.warning
    say(request, verdict_in_words(checkin, office))
    if checkin.ticket and registered:
        return redirect("console:ticket", office.slug, checkin.ticket.pk)
    return redirect("console:desk", office.slug)


@staff_only(*staff_access.DESK)
@require_http_methods(["GET", "POST"])
def new_ticket(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """Issue a ticket; the form's idempotency key makes a repeated post return the same one."""
    form = TicketForm(office, request.POST or None)
    if request.method == "POST" and form.is_valid():
        service = office.service_by_code(form.cleaned_data["service"])
        if service is None:
            raise Http404
        issued = tickets.issue_ticket(
            office=office,
            service=service,
            touch=form.cleaned_data["touch"],
            now=now(),
            persons=form.cleaned_data["persons"],
            statutory=form.cleaned_data["statutory"],
            by_staff=member.user_id,
        )
        return redirect("console:ticket", office.slug, issued.pk)
    moment = now()
    return render(
        request,
        "console/new_ticket.html",
        {
            "office": office.row,
            "member": member,
            "form": form,
            "down": board.incidents_at_counter(office),
            "outside": not any(
                issues_tickets(office, service, moment) for service in office.offered_services()
            ),
        },
    )


@staff_only(*staff_access.DESK)
@require_GET
def ticket_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, ticket: int
) -> HttpResponse:
    """The ticket's page, to print or read out."""
    matching = Ticket.objects.filter(pk=ticket, office=office.row)
    row = matching.select_related("booking").first()
    if row is None:
        raise Http404
    moment = now()
    if row.booking:
        readings.note_booking(member, row.booking, now=moment)
    return render(
        request,
        "console/ticket.html",
        {
            "office": office.row,
            "member": member,
            "ticket": row,
            "service": office.services[row.service_id],
            "ahead": _ahead(office, row, moment),
            "slip": ticket_paper.slip_of(office, row, now=moment),
            "qr": ticket_paper.qr_image(ticket_paper.link_of(row)),
            "replaceable": row.booking_id and row.state in (*IN_QUEUE, *AT_COUNTER),
        },
    )


@staff_only(*staff_access.DESK)
@require_POST
def replace_code(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, ticket: int
) -> HttpResponse:
    """Replace the ticket's code, so that a slip in somebody else's hands opens nothing."""
    try:
        tickets.replace_ticket_code(office=office, ticket=ticket, now=now(), actor=member.user_id)
    except Ticket.DoesNotExist:
        raise Http404 from None
    except NotWaiting as refusal:
        messages.error(request, refusal_sentence(refusal))
    else:
        messages.success(
            request, _("The earlier paper opens no page any more. Please print the ticket now.")
        )
    return redirect("console:ticket", office.slug, ticket)


def _ahead(office: OfficeSnapshot, ticket: Ticket, moment: datetime) -> int:
    return hall_at(office, now=moment).ahead_of(ticket)
