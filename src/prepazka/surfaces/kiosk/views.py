"""Kiosk screens for people without a booking: services, the ticket, and pairing the kiosk."""

from __future__ import annotations

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from prepazka.core import reading
from prepazka.core.refusal import Refused
from prepazka.offices import devices as registry
from prepazka.offices.incident_texts import incident_in_words
from prepazka.offices.languages import active_language
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Ticket
from prepazka.queueing.refusals import NoTicketsNow
from prepazka.queueing.tickets import issue_ticket
from prepazka.reporting.monitor import is_open, next_opening
from prepazka.reporting.place import announced_place
from prepazka.surfaces.kiosk import outcome_screens, printing
from prepazka.surfaces.kiosk.screen_frame import (
    fresh_start,
    of_kiosk,
    pairing_screen,
    render_screen,
    touch_of,
)
from prepazka.surfaces.kiosk.service_choice import (
    ended_services,
    incidents_at_kiosk,
    offer_of_agenda,
    start_choices,
)
from prepazka.web import device_access, door_passes, errors, missed_call_texts, ticket_paper
from prepazka.web.limits import TooManyTries
from prepazka.web.shortcuts import now

SHOWN, SHOWN_WITHOUT_PAPER = 20, 60  # seconds on the ticket's screen
SHOWN_CODE = 60  # seconds; a code of that age is still accepted
REPRINT_WITHIN = timedelta(minutes=5)


@of_kiosk
@require_safe
def start_screen(request: HttpRequest, kiosk: Device, office: OfficeSnapshot) -> HttpResponse:
    """The start screen: services offered now, and the way to the PIN keypad."""
    moment = now()
    offered = start_choices(office, kiosk, moment, _page(request))
    opens = None if offered.choices else next_opening(office, moment)
    response = render_screen(
        request,
        kiosk,
        office,
        "start",
        offer=offered,
        ended=ended_services(office, kiosk, moment),
        down=incidents_at_kiosk(office, kiosk),
        idle=None,
        open=is_open(office, moment),
        phones=office.row.phone_tickets != "none",
        opens=opens,
        again_today=opens
        and opens.astimezone(office.tz).date() == moment.astimezone(office.tz).date(),
        no_paper=bool(kiosk.fault) and kiosk.fault != printing.SILENT,
        perhaps_no_paper=kiosk.fault == printing.SILENT,
    )
    device_access.renew_token(request, response, Device.Kind.KIOSK)
    return response


@of_kiosk
@require_safe
def phone_ticket_page(request: HttpRequest, kiosk: Device, office: OfficeSnapshot) -> HttpResponse:
    """The QR code for taking a ticket by telephone; it changes every minute."""
    if office.row.phone_tickets == "none" or not start_choices(office, kiosk, now()).choices:
        return redirect(fresh_start())
    qr = door_passes.qr_of(door_passes.link_of(kiosk, now()))
    return render_screen(request, kiosk, office, "phone", qr=qr, idle=SHOWN_CODE)


@of_kiosk
@require_safe
def services_of_agenda(
    request: HttpRequest, kiosk: Device, office: OfficeSnapshot, code: str
) -> HttpResponse:
    """The services of one agenda, where all of them do not fit on one screen."""
    agenda = next((a for a in office.agendas.values() if a.code == code and not a.retired), None)
    offered = agenda and offer_of_agenda(office, kiosk, agenda, now(), _page(request))
    if not offered or not offered.choices:
        return redirect(fresh_start())
    return render_screen(request, kiosk, office, "agenda", agenda=agenda, offer=offered)


@of_kiosk
@require_POST
def issue_ticket_by_touch(
    request: HttpRequest, kiosk: Device, office: OfficeSnapshot
) -> HttpResponse:
    """Issue a ticket; a repeated touch gets the same ticket and no second slip."""
    touch, service = touch_of(request), office.service_by_code(request.POST.get("service", ""))
    if touch is None or service is None:
        return redirect(fresh_start())
    moment = now()
    try:
        ticket = issue_ticket(
            office=office,
            service=service,
            touch=touch,
            now=moment,
            language=active_language(),
        )
    except NoTicketsNow:
        return redirect(
            outcome_screens.answer_address(
                outcome_screens.KioskAnswer("no_tickets", service=service.pk)
            )
        )
    return hand_over(kiosk, office, ticket, fresh=ticket.issued_at == moment)


def hand_over(
    kiosk: Device, office: OfficeSnapshot, ticket: Ticket, *, fresh: bool
) -> HttpResponse:
    """Print the ticket if it is `fresh`, and redirect to its screen."""
    paper = printing.print_ticket(kiosk, office, ticket, now=now()) if fresh else "known"
    return redirect(f"{reverse('kiosk:ticket', args=[ticket.code])}?papir={paper}")


@of_kiosk
@require_safe
def ticket_screen(
    request: HttpRequest, kiosk: Device, office: OfficeSnapshot, code: str
) -> HttpResponse:
    """The ticket's number in large type, with its position and instructions."""
    ticket = _ticket(office, code)
    paper = request.GET.get("papir", "")
    moment = now()
    link, position = ticket_paper.link_of(ticket), announced_place(office, ticket, now=moment)
    by_browser = printing.prints_in_browser(kiosk)
    return render_screen(
        request,
        kiosk,
        office,
        "ticket",
        place=position,
        called=ticket.state in AT_COUNTER,
        down_text=incident_in_words(position.incident, office) if position.incident else "",
        paper=paper,
        link=link,
        short_link=link.split("://")[-1].rstrip("/"),
        qr=ticket_paper.qr_image(link),
        slip=ticket_paper.slip_of(office, ticket, now=moment) if by_browser else None,
        call=missed_call_texts.to_holder(ticket, office) if ticket.state in IN_QUEUE else "",
        early=bool(ticket.booked_from and ticket.booked_from > moment),
        may_print=paper in {"known", "unsure", "failed"} and printing.has_printer(kiosk),
        by_browser=by_browser,
        idle=SHOWN_WITHOUT_PAPER if paper in {"failed", "unsure", "none"} else SHOWN,
    )


@of_kiosk
@require_POST
def reprint_ticket(
    request: HttpRequest, kiosk: Device, office: OfficeSnapshot, code: str
) -> HttpResponse:
    """Print a ticket again within `REPRINT_WITHIN` of its issue."""
    ticket = _ticket(office, code)
    # After a return to the queue the time is counted from the return.
    issued_at = ticket.returned_at if ticket.missed_at and ticket.returned_at else ticket.issued_at
    if now() - issued_at > REPRINT_WITHIN:
        return redirect(fresh_start())
    return hand_over(kiosk, office, ticket, fresh=True)


@require_POST
def pair_kiosk(request: HttpRequest) -> HttpResponse:
    """Pair this browser as a kiosk."""
    try:
        token = device_access.pair_browser(request, Device.Kind.KIOSK)
    except (registry.PairingCodeWrong, TooManyTries) as refused:
        return pairing_screen(request, errors.refusal_sentence(refused), _status(refused))
    response = redirect("kiosk:start")
    device_access.keep_token(response, Device.Kind.KIOSK, token)
    return response


def _status(refused: Refused) -> int:
    return 429 if isinstance(refused, TooManyTries) else 422


def _ticket(office: OfficeSnapshot, code: str) -> Ticket:
    ticket = Ticket.objects.filter(office=office.row, code=code).first()
    if ticket is None:
        raise Http404(code)
    return ticket


def _page(request: HttpRequest) -> int:
    return reading.read_whole_number(request.GET.get("strana"), 999) or 1
