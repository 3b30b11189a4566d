"""Paired browsers of kiosks and displays: token cookies, the view decorator, faults in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from prepazka.offices import devices
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import snapshot_of
from prepazka.web import cookies, limits
from prepazka.web.shortcuts import now

COOKIES = {Device.Kind.KIOSK: "prepazka_kiosk", Device.Kind.DISPLAY: "prepazka_panel"}
PAIRINGS = limits.Limit("pairing", 10, timedelta(minutes=10))


def of_device(
    kind: Device.Kind, unpaired: Callable[[HttpRequest], HttpResponse]
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Pass the paired device and its office to the view; other browsers get `unpaired`."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            token = cookies.read_cookie(request, COOKIES[kind])
            device = devices.device_by_token(token, now=now(), kind=kind)
            if device is None:
                return unpaired(request)
            office = snapshot_of(device.office)
            timezone.activate(office.tz)
            try:
                return view(request, device, office, *args, **kwargs)
            finally:
                timezone.deactivate()

        return wrapped

    return decorate


def pair_browser(request: HttpRequest, kind: Device.Kind) -> str:
    """Pair by the posted code; returns the token. Raises PairingCodeWrong, TooManyTries."""
    limits.limit_address(request, PAIRINGS, now=now())
    _, token = devices.pair_device(code=request.POST.get("code", ""), now=now(), kind=kind)
    return token


def renew_token(request: HttpRequest, response: HttpResponse, kind: Device.Kind) -> None:
    """Extend the lifetime of the token cookie."""
    keep_token(response, kind, cookies.read_cookie(request, COOKIES[kind]))


def keep_token(response: HttpResponse, kind: Device.Kind, token: str) -> None:
    """Set the token cookie, with the longest lifetime that browsers allow."""
    cookies.write_cookie(
        response, COOKIES[kind], token, max_age=cookies.DEVICE_KEPT, samesite="Strict"
    )


def fault_in_words(fault: str) -> str:
    """The text for a fault code reported by a device."""
    texts = {
        "printer_no_paper": _("the printer is out of paper"),
        "printer_open": _("the printer is open"),
        "printer_unreachable": _("the printer does not respond"),
        "printer_silent": _("the printer accepts tickets but no longer responds; it may be jammed"),
        "sound_blocked": _("the browser does not play sound until the display is touched"),
        "sound_broken": _("the display cannot play its sounds"),
        "printer_broken": _("the printer does not print"),
    }
    return texts.get(fault) or _("the device reports a fault")
