"""Printing tickets on the kiosk's printer, and reporting the printer's faults."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from prepazka.gateways.printer import PrinterFault, print_slip, printer_state
from prepazka.offices import devices
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket
from prepazka.web.ticket_paper import slip_of

log = logging.getLogger(__name__)

BROWSER = "browser"
SILENT = "printer_silent"
# For a printer that never answers, a successful connection is the only sign of recovery.
MENDED_BY_A_CONNECTION = ("printer_unreachable", SILENT)


def has_printer(kiosk: Device) -> bool:
    """Whether the kiosk can print at all."""
    return str(_printer(kiosk)["kind"]) != "none"


def prints_in_browser(kiosk: Device) -> bool:
    """Whether the kiosk's own browser prints."""
    return str(_printer(kiosk)["kind"]) == BROWSER


def _printer(kiosk: Device) -> dict[str, Any]:
    """The printer's settings from the office file."""
    return kiosk.options.get("printer") or {"kind": "none"}


def print_ticket(kiosk: Device, office: OfficeSnapshot, ticket: Ticket, *, now: datetime) -> str:
    """Print a committed ticket; returns printed, browser, none, unsure or failed.

    A failure is reported to staff; the citizen still has the number on the screen. It is `unsure`
    where the printer accepted the ticket without an answer though it has answered before.
    """
    if not has_printer(kiosk):
        return "none"
    if prints_in_browser(kiosk):
        return BROWSER
    printer = _printer(kiosk)
    slip = slip_of(office, ticket, now=now)
    try:
        has_answered = print_slip(
            slip,
            host=printer["host"],
            port=printer["port"],
            paper=printer.get("paper", 80),
            answers=_has_answered_before(kiosk),
        )
    except PrinterFault as fault:
        log.warning("kiosk %s: %s", kiosk.code, fault.kind)
        devices.report_fault(device=kiosk.pk, fault=fault.kind, now=now)
        return "unsure" if fault.kind == SILENT else "failed"
    if has_answered:
        devices.note_answer(device=kiosk.pk, printer=_address(kiosk), now=now)
    devices.clear_fault(device=kiosk.pk, now=now)
    devices.note_printed(device=kiosk.pk, label=ticket.label, now=now)
    return "printed"


def look_at_printer(kiosk: Device, *, now: datetime) -> None:
    """Query the printer's state; reports a fault to staff, or clears one that is over."""
    printer = _printer(kiosk)
    if printer["kind"] != "escpos":
        return
    try:
        state = printer_state(printer["host"], printer["port"], answers=_has_answered_before(kiosk))
    except PrinterFault as fault:
        devices.note_printer(device=kiosk.pk, state={}, now=now)
        devices.report_fault(device=kiosk.pk, fault=fault.kind, now=now)
        return
    devices.note_printer(device=kiosk.pk, state=state, now=now)
    if state:
        devices.note_answer(device=kiosk.pk, printer=_address(kiosk), now=now)
    if state.get("paper_out"):
        devices.report_fault(device=kiosk.pk, fault="printer_no_paper", now=now)
    elif state.get("door_open"):
        devices.report_fault(device=kiosk.pk, fault="printer_open", now=now)
    elif state.get("error"):
        devices.report_fault(device=kiosk.pk, fault="printer_broken", now=now)
    elif kiosk.fault.startswith("printer_") and (state or kiosk.fault in MENDED_BY_A_CONNECTION):
        devices.clear_fault(device=kiosk.pk, now=now)


def _has_answered_before(kiosk: Device) -> bool:
    """Whether the kiosk's current printer has ever answered a status query."""
    return kiosk.answering_printer == _address(kiosk)


def _address(kiosk: Device) -> str:
    printer = _printer(kiosk)
    return f"{printer.get('host', '')}:{printer.get('port', '')}"
