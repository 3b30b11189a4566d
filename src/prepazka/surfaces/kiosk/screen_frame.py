"""Shared by the kiosk's screens: the paired device, contrast, the return to the start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, translate_url
from django.views.decorators.cache import never_cache

from prepazka.offices.languages import installed_languages, offered_languages
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web import cookies, device_access
from prepazka.web.shortcuts import now

CONTRAST = "prepazka_kontrast"
IDLE = 30  # seconds without a touch until the screen returns to the start


def pairing_response(request: HttpRequest) -> HttpResponse:
    """The pairing form on the start screen; a redirect to it from any other screen."""
    start = reverse("kiosk:start")
    if request.path != start:
        return redirect(start)
    return pairing_screen(request)


def pairing_screen(request: HttpRequest, problem: str = "", status: int = 200) -> HttpResponse:
    """The form for the pairing code."""
    errors = [{"field_id": "code", "text": problem}] if problem else []
    return render(request, "kiosk/pairing.html", {"errors": errors}, status=status)


def of_kiosk(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Pass the paired kiosk and its office to the view; responses are never cached."""
    return never_cache(device_access.of_device(Device.Kind.KIOSK, pairing_response)(view))


def render_screen(
    request: HttpRequest, kiosk: Device, office: OfficeSnapshot, template: str, **context: Any
) -> HttpResponse:
    """Render a screen with the shared context; `idle` is None on a screen that stays."""
    contrast = request.GET.get("kontrast", cookies.read_cookie(request, CONTRAST))
    high = contrast == "1"
    moment = now().astimezone(office.tz)
    shared = {
        "office": office.row,
        "contrast": "high" if high else "",
        "contrast_url": _contrast_url(request, "0" if high else "1"),
        "now": moment,
        "wall_clock": moment.isoformat(timespec="seconds"),
        "idle": IDLE,
        "idle_to": fresh_start(),
        "touch": uuid4(),
        **language_context(kiosk, office),
    }
    response = render(request, f"kiosk/{template}.html", shared | context)
    if "kontrast" in request.GET:
        cookies.write_cookie(
            response, CONTRAST, "1" if high else "0", max_age=None, samesite="Strict"
        )
    return response


def language_context(kiosk: Device, office: OfficeSnapshot) -> dict[str, Any]:
    """The kiosk's languages, and the addresses of its off-line screens in them."""
    chosen = kiosk.options.get("languages")
    codes = [code for code in installed_languages() if code in chosen] if chosen else []
    offered = codes or list(offered_languages(office.row.languages))
    shell = reverse("kiosk:shell")
    return {
        "languages": len(offered) > 1,
        "offered_languages": offered,
        "shell": shell,
        "shells": " ".join(
            dict.fromkeys([*(translate_url(shell, code) for code in offered), shell])
        ),
    }


def fresh_start() -> str:
    """The start screen's address for the next person: in Czech, with ordinary colours."""
    return "/kiosk/?kontrast=0"


def touch_of(request: HttpRequest) -> UUID | None:
    """The idempotency key of the touch, or None if it is not a UUID."""
    try:
        return UUID(request.POST.get("touch", ""))
    except ValueError:
        return None


def _contrast_url(request: HttpRequest, contrast: str) -> str:
    query = request.GET.copy()
    query["kontrast"] = contrast
    return f"{request.path}?{query.urlencode()}"
