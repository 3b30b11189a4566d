"""The hall display's pages: calls and notices, sound faults, pairing."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from prepazka.core.refusal import Refused
from prepazka.offices import devices as registry
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.display import audio
from prepazka.surfaces.display.view_data import display_context
from prepazka.web import device_access, errors
from prepazka.web.limits import TooManyTries
from prepazka.web.shortcuts import now


def pairing_response(request: HttpRequest) -> HttpResponse:
    """The pairing form; for the live part a fragment that makes the screen reload."""
    if request.path == reverse("display:content"):
        return render(request, "display/_revoked.html")
    return _pairing_screen(request)


_of_display = device_access.of_device(Device.Kind.DISPLAY, pairing_response)


@never_cache
@_of_display
@require_safe
def display_page(request: HttpRequest, display: Device, office: OfficeSnapshot) -> HttpResponse:
    """The display's page."""
    context = display_context(display, office, now()) | {"chime": audio.chime_url()}
    response = render(request, "display/panel.html", context)
    device_access.renew_token(request, response, Device.Kind.DISPLAY)
    return response


@never_cache
@_of_display
@require_safe
def display_fragment(request: HttpRequest, display: Device, office: OfficeSnapshot) -> HttpResponse:
    """The live part of the display."""
    return render(request, "display/_content.html", display_context(display, office, now()))


@never_cache
@_of_display
@require_POST
def report_sound(request: HttpRequest, display: Device, office: OfficeSnapshot) -> HttpResponse:
    """Record the browser's report on sound; a fault is reported to staff."""
    fault = request.POST.get("fault", "")
    if fault not in ("", *audio.SOUND_FAULTS):
        return HttpResponse(status=400)
    if fault:
        registry.report_fault(device=display.pk, fault=fault, now=now())
    elif display.fault in audio.SOUND_FAULTS:
        registry.clear_fault(device=display.pk, now=now())
    return HttpResponse(status=204)


@require_POST
def pair_display(request: HttpRequest) -> HttpResponse:
    """Pair this browser as a display."""
    try:
        token = device_access.pair_browser(request, Device.Kind.DISPLAY)
    except (registry.PairingCodeWrong, TooManyTries) as refused:
        status = 429 if isinstance(refused, TooManyTries) else 422
        return _pairing_screen(request, refused, status)
    response = redirect("display:panel")
    device_access.keep_token(response, Device.Kind.DISPLAY, token)
    return response


def _pairing_screen(
    request: HttpRequest, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    errors_ = [{"field_id": "code", "text": errors.refusal_sentence(refused)}] if refused else []
    return render(request, "display/pairing.html", {"errors": errors_}, status=status)
