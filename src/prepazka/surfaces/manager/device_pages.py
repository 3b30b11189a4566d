"""Kiosks and displays: their states, pairing codes, disconnecting."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from prepazka.looks import typography
from prepazka.messaging.channels import channel_for
from prepazka.offices import devices as offices_devices
from prepazka.offices.languages import active_language
from prepazka.offices.models import Device, Membership
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import lost_kiosk
from prepazka.queueing.offline_grants import numbers_held
from prepazka.web import staff_access
from prepazka.web.device_access import fault_in_words
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

SILENT_PRINTER = "printer_silent"
SILENT_AFTER = timedelta(minutes=3)


def state_of(device: Device, moment: datetime) -> dict[str, str]:
    """The device's state in words, and how serious it is."""
    if not device.token_hash:
        return _state_without_browser(device)
    if device.fault:
        return {"kind": "error", "text": fault_in_words(device.fault)}
    if device.seen_at is None or moment - device.seen_at > SILENT_AFTER:
        return {"kind": "warning", "text": _("silent")}
    if clock_in_words(device):
        return {"kind": "warning", "text": _("works, but its clock is wrong")}
    if device.printer_state.get("paper_low"):
        return {"kind": "warning", "text": _("works, little paper left")}
    return {"kind": "success", "text": _("works")}


def _state_without_browser(device: Device) -> dict[str, str]:
    if device.lost_at:
        return {"kind": "error", "text": _("reported lost")}
    return {"kind": "neutral", "text": _("not connected to a browser")}


def clock_in_words(device: Device) -> str:
    """The error of the device's clock in words; empty if it is small or unknown."""
    error = timedelta(seconds=device.clock_off_s or 0)
    if abs(error) <= offices_devices.WRONG_CLOCK:
        return ""
    duration = typography.minutes(abs(error) // timedelta(minutes=1), active_language())
    words = (
        _("the clock is fast by %(time)s")
        if error > timedelta()
        else _("the clock is slow by %(time)s")
    )
    return words % {"time": duration}


def printer_in_words(device: Device) -> str:
    """The printer's last reported state in words; empty if it never reported one."""
    state = device.printer_state
    if not state:
        return _("no answer now") if device.fault == SILENT_PRINTER else ""
    words = {
        "paper_out": _("no paper"),
        "door_open": pgettext("of a printer", "open"),
        "error": pgettext("of a printer", "broken"),
        "paper_low": _("little paper left"),
    }
    return ", ".join(text for key, text in words.items() if state.get(key)) or _(
        "paper and door OK"
    )


@staff_only(*staff_access.HEADS)
@require_GET
def devices_page(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """All devices of the office."""
    return _page(request, office, member)


@staff_only(*staff_access.ADMINISTRATORS)
@require_POST
def make_pairing_code_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """Make a one-time pairing code, shown only in this response."""
    device = _device(office, code)
    pairing_code = offices_devices.make_pairing_code(device=device, now=now())
    return _page(request, office, member, device=device, pairing_code=pairing_code)


@staff_only(*staff_access.HEADS)
@require_POST
def ask_device_reload(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """Ask the device to reload its screen when nobody uses it."""
    device = _device(office, code)
    offices_devices.ask_reload(device=device.pk, now=now(), actor=member.user_id)
    messages.success(request, _("The screen will be reloaded."))
    return redirect("manager:devices", office.slug)


@staff_only(*staff_access.ADMINISTRATORS)
@require_POST
def disconnect_device(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """Revoke the device's pairing with its browser."""
    device = _device(office, code)
    offices_devices.revoke_pairing(device=device.pk, now=now(), actor=member.user_id)
    messages.success(request, _("The device was disconnected."))
    return redirect("manager:devices", office.slug)


@staff_only(*staff_access.HEADS)
@require_http_methods(["GET", "POST"])
def lost_kiosk_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """The consequences of reporting a kiosk lost; a post reports it."""
    device = _device(office, code)
    if device.kind != Device.Kind.KIOSK:
        raise Http404(code)
    moment = now()
    if request.method == "POST":
        count = lost_kiosk.report_kiosk_lost(
            office=office, device=device.pk, now=moment, actor=member.user_id
        )
        messages.success(
            request,
            ngettext(
                "The kiosk was disconnected. %(count)s booking has a new PIN, and the "
                "person will be told.",
                "The kiosk was disconnected. %(count)s bookings have new PINs, and the "
                "people will be told.",
                count,
            )
            % {"count": count},
        )
        return redirect("manager:devices", office.slug)
    held = lost_kiosk.bookings_on_kiosk(office, device, now=moment)
    return render(
        request,
        "manager/lost.html",
        {
            "office": office.row,
            "member": member,
            "device": device,
            "bookings": len(held),
            "unwritten": sum(channel_for(booking, office.row) is None for booking in held),
        },
    )


def _page(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    device: Device | None = None,
    pairing_code: str = "",
) -> HttpResponse:
    moment = now()
    held = numbers_held(office, moment)
    active = list(Device.objects.filter(office=office.row, retired=False))
    rows = [
        {
            "device": d,
            "state": state_of(d, moment),
            "printer": printer_in_words(d),
            "clock": clock_in_words(d),
            "refused": lost_kiosk.count_refused_entries(d) if d.lost_at else 0,
            "numbers": sorted(held.get(d.pk, {}).items()) if d.token_hash else [],
        }
        for d in active
    ]
    return render(
        request,
        "manager/devices.html",
        {
            "office": office.row,
            "member": member,
            "rows": rows,
            "fresh": device,
            "made": pairing_code,
            "may_write": member.role in staff_access.ADMINISTRATORS,
            "doors": [d for d in active if _shows_code(d)],
        },
    )


def _shows_code(device: Device) -> bool:
    """Whether the device shows the QR code for tickets by telephone."""
    at_door = device.kind == Device.Kind.KIOSK or device.options.get("layout") == "door"
    return bool(device.token_hash) and at_door


def _device(office: OfficeSnapshot, code: str) -> Device:
    device = Device.objects.filter(office=office.row, code=code, retired=False).first()
    if device is None:
        raise Http404(code)
    return device
