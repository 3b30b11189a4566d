"""The ticket on paper: what is on it, on which printer, and what happens when there is none."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

import segno
from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from prepazka.gateways.printer import PrinterFault, Slip, print_slip, printer_state
from prepazka.looks import typography
from prepazka.offices import devices
from prepazka.offices.directory import Directory
from prepazka.offices.models import Device
from prepazka.queueing.models import Ticket
from prepazka.reporting.place import Place, announced

log = logging.getLogger(__name__)

BROWSER = "browser"


def has_printer(kiosk: Device) -> bool:
    """Whether there can be paper at all."""
    return str(_printer(kiosk)["kind"]) != "none"


def prints_in_browser(kiosk: Device) -> bool:
    """Whether the kiosk's own browser prints."""
    return str(_printer(kiosk)["kind"]) == BROWSER


def _printer(kiosk: Device) -> dict[str, Any]:
    """The printer as the office's file names it."""
    return kiosk.options.get("printer") or {"kind": "none"}


def print_ticket(kiosk: Device, office: Directory, ticket: Ticket, *, now: datetime) -> str:
    """Print after the ticket is committed; answers with printed, browser, none or failed.

    A failure takes nothing from the citizen: the number is on the screen, the staff are alerted.
    """
    if not has_printer(kiosk):
        return "none"
    if prints_in_browser(kiosk):
        return BROWSER
    where = _printer(kiosk)
    slip = slip_of(office, ticket, now=now)
    try:
        print_slip(slip, host=where["host"], port=where["port"])
    except PrinterFault as fault:
        log.warning("kiosk %s: %s", kiosk.code, fault.kind)
        devices.report_fault(device=kiosk.pk, fault=fault.kind, now=now)
        return "failed"
    devices.clear_fault(device=kiosk.pk, now=now)
    devices.note_printed(device=kiosk.pk, label=ticket.label, now=now)
    return "printed"


def look_at_printer(kiosk: Device, *, now: datetime) -> None:
    """Ask the printer how it is; a fault it has is told to staff, one that is over is cleared."""
    where = _printer(kiosk)
    if where["kind"] != "escpos":
        return
    try:
        state = printer_state(where["host"], where["port"])
    except PrinterFault as fault:
        devices.note_printer(device=kiosk.pk, state={}, now=now)
        devices.report_fault(device=kiosk.pk, fault=fault.kind, now=now)
        return
    devices.note_printer(device=kiosk.pk, state=state, now=now)
    if state.get("paper_out"):
        devices.report_fault(device=kiosk.pk, fault="printer_no_paper", now=now)
    elif state.get("door_open"):
        devices.report_fault(device=kiosk.pk, fault="printer_open", now=now)
    elif state.get("error"):
        devices.report_fault(device=kiosk.pk, fault="printer_broken", now=now)
    elif kiosk.fault.startswith("printer_") and (state or kiosk.fault == "printer_unreachable"):
        devices.clear_fault(device=kiosk.pk, now=now)


def slip_of(office: Directory, ticket: Ticket, *, now: datetime) -> Slip:
    """The words on the paper, in the language of the ticket; no name is ever among them."""
    with translation.override(ticket.language):
        place = announced(office, ticket, now=now)
        czech = office.services[ticket.service_id].name.get("cs", "")
        return Slip(
            office=str(office.office.name),
            title=pgettext("on a ticket", "Your number"),
            number=ticket.label,
            service=str(place.service.name),
            second="" if typography.is_czech(ticket.language) else czech,
            facts=tuple(_facts(office, place)),
            link=link_of(ticket),
            link_note=_("Follow the queue on your phone: %(link)s")
            % {"link": link_of(ticket).split("://")[-1].rstrip("/")},
            foot=_("Not valid after %(moment)s")
            % {"moment": _moment(place.valid_until.astimezone(office.tz))},
        )


def link_of(ticket: Ticket) -> str:
    """The address of the ticket's own page, in the language of the ticket."""
    with translation.override(ticket.language):
        return settings.BASE_URL + reverse("ticket:page", args=[ticket.code])


def qr_image(link: str) -> str:
    """A QR code as the address of an image."""
    return str(segno.make(link, error="m").svg_data_uri(scale=4, border=2))


def _facts(office: Directory, place: Place) -> list[str]:
    ticket = place.ticket
    facts = [_("Issued: %(moment)s") % {"moment": _moment(ticket.issued_at.astimezone(office.tz))}]
    if ticket.booked_from and ticket.booked_to:
        start, end = (m.astimezone(office.tz) for m in (ticket.booked_from, ticket.booked_to))
        facts.append(
            _("Booked for %(span)s") % {"span": typography.span(start, end, ticket.language)}
        )
    if place.ahead is not None:
        facts.append(people_ahead(place.ahead))
    if place.wait:
        facts.append(
            _("Estimated wait: %(wait)s")
            % {"wait": typography.usual_wait(place.wait[1], ticket.language, thin=place.thin)}
        )
    return facts


def people_ahead(ahead: int) -> str:
    """How many go before, in words."""
    if ahead == 0:
        return _("Nobody is ahead of you")
    return ngettext("%(n)s person ahead of you", "%(n)s people ahead of you", ahead) % {"n": ahead}


def _moment(local: datetime) -> str:
    language = translation.get_language() or "cs"
    return f"{typography.short_date(local, language)} {typography.clock(local)}"
