"""The kiosk's printer: which one prints a ticket, and what happens when it cannot."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from prepazka.gateways.printer import PrinterFault, print_slip, printer_state
from prepazka.offices import devices
from prepazka.offices.directory import Directory
from prepazka.offices.models import Device
from prepazka.queueing.models import Ticket
from prepazka.web.ticket_paper import slip_of

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
        print_slip(slip, host=where["host"], port=where["port"], paper=where.get("paper", 80))
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
