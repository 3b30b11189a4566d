"""The public live view: a table that works without a script, and keeps itself fresh with one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from prepazka.offices.directory import Directory
from prepazka.offices.text import Texts
from prepazka.reporting.monitor import monitor
from prepazka.web.shortcuts import now, of_office


@require_safe
@of_office
def office(request: HttpRequest, where: Directory) -> HttpResponse:
    """The page, or only its live part when the page itself asks for it."""
    fragment = "X-Fragment" in request.headers
    template = "monitor/_board.html" if fragment else "monitor/office.html"
    response = render(request, template, _context(where))
    response["Cache-Control"] = "no-store" if fragment else "public, max-age=5"
    response["Vary"] = "X-Fragment, Accept-Encoding"
    return response


def _context(where: Directory) -> dict[str, Any]:
    seen = monitor(where, now=now())
    for service in seen["services"]:
        service["name"] = Texts(service["name"])
    for call in seen["last_calls"]:
        call["place"] = Texts(call["place"])
        call["at"] = datetime.fromisoformat(call["called_at"])
    opening = seen["next_opening"]
    return {
        "office": where.office,
        "home_url": reverse("citizen:office", args=[where.office.slug]),
        "seen": seen,
        "made_at": datetime.fromisoformat(seen["made_at"]),
        "next_opening": datetime.fromisoformat(opening) if opening else None,
        "data_url": f"/api/v1/offices/{where.office.slug}/monitor",
    }
