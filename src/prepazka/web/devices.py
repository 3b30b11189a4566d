"""How a browser in the hall shows which kiosk or display it is."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from prepazka.offices import devices
from prepazka.offices.directory import directory
from prepazka.offices.models import Device
from prepazka.web.shortcuts import address_of, now

COOKIES = {Device.Kind.KIOSK: "prepazka_kiosk", Device.Kind.DISPLAY: "prepazka_panel"}
KEPT = 400 * 86_400  # seconds; browsers keep no cookie longer, and every start renews it
TRIES, WITHIN = 10, 600.0
MOST_ADDRESSES = 1_000

_tries: OrderedDict[str, list[float]] = OrderedDict()
_tries_lock = Lock()


def of_device(
    kind: Device.Kind, unpaired: Callable[[HttpRequest], HttpResponse]
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Give the view the device and its office; a browser that is none gets `unpaired`."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            token = request.COOKIES.get(COOKIES[kind], "")
            device = devices.by_token(token, now=now(), kind=kind)
            if device is None:
                return unpaired(request)
            office = directory(device.office)
            timezone.activate(office.tz)
            try:
                return view(request, device, office, *args, **kwargs)
            finally:
                timezone.deactivate()

        return wrapped

    return decorate


def pair_browser(request: HttpRequest, kind: Device.Kind) -> str:
    """The token for the code in the form. Raises PairingCodeWrong, TooManyCodes."""
    address = address_of(request)
    _must_not_guess(address)
    try:
        _, token = devices.pair(code=request.POST.get("code", ""), now=now(), kind=kind)
    except devices.PairingCodeWrong:
        _note_wrong(address)
        raise
    return token


def keep_token(response: HttpResponse, kind: Device.Kind, token: str) -> None:
    """Give the browser its token for as long as browsers keep anything."""
    response.set_cookie(
        COOKIES[kind], token, max_age=KEPT, httponly=True, samesite="Strict",
        secure=settings.HTTPS,
    )


def _must_not_guess(address: str) -> None:
    since = time.monotonic() - WITHIN
    with _tries_lock:
        recent = [moment for moment in _tries.get(address, []) if moment > since]
    if len(recent) >= TRIES:
        raise devices.TooManyCodes


def _note_wrong(address: str) -> None:
    """Count in the memory of this process: a code has 36 bits, so the count need not be exact."""
    moment = time.monotonic()
    with _tries_lock:
        recent = [one for one in _tries.pop(address, []) if one > moment - WITHIN]
        _tries[address] = [*recent, moment]
        while len(_tries) > MOST_ADDRESSES:
            _tries.popitem(last=False)
