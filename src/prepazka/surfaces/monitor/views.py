"""The public live view: a table that works without a script, and keeps itself fresh with one."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from prepazka.core import reading
from prepazka.core.announcing import Expected
from prepazka.offices.directory import Directory
from prepazka.offices.text import Texts
from prepazka.queueing.history import scores
from prepazka.queueing.models import QuarterHour
from prepazka.reporting.monitor import monitor
from prepazka.web.frames import allow_frames
from prepazka.web.shortcuts import all_offices, now, of_office

USUAL_DAYS, MOST_DAYS = 7, 90
ENOUGH = 30  # fewer tickets say nothing of the estimate
COLUMNS = (
    "at", "service", "waiting", "open_counters", "tickets", "wait_from_min", "wait_to_min",
)  # fmt: skip


@require_safe
@of_office
def office(request: HttpRequest, where: Directory) -> HttpResponse:
    """The page, or only its live part when the page itself asks for it."""
    fragment = "X-Fragment" in request.headers
    template = "monitor/_board.html" if fragment else "monitor/office.html"
    response = render(request, template, context(where))
    response["Cache-Control"] = "no-store" if fragment else "public, max-age=5"
    response["Vary"] = "X-Fragment, Accept-Encoding"
    return response


@require_safe
@of_office
def frame(request: HttpRequest, where: Directory) -> HttpResponse:
    """The live part for a frame on another site; it loads itself again."""
    response = render(request, "monitor/frame.html", context(where))
    response["Refresh"] = "30"  # a live view without a script
    allow_frames(response, where.office.embed_hosts)
    response["Cache-Control"] = "public, max-age=10"
    return response


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """All offices beside one another; the page asks anew every minute, or when the first has news."""
    at = now()
    offices = all_offices()
    rows = [{"office": one.office, "seen": _shown(one, at)} for one in offices]
    fragment = "X-Fragment" in request.headers
    template = "monitor/_offices.html" if fragment else "monitor/overview.html"
    # One page has one clock: that of the first office.
    with timezone.override(offices[0].tz if offices else None):
        response = render(request, template, {"rows": rows, "made_at": at})
    response["Cache-Control"] = "no-store" if fragment else "public, max-age=10"
    response["Vary"] = "X-Fragment, Accept-Encoding"
    return response


@require_safe
@of_office
def history(request: HttpRequest, where: Directory) -> HttpResponse:
    """The last days as CSV, a row per service and quarter of an hour."""
    at = now()
    since = at - timedelta(days=_days(request.GET.get("dnu", "")))
    rows = QuarterHour.objects.filter(office=where.office, at__gte=since).order_by("at", "service")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{where.office.slug}-nazivo.csv"'
    response["Cache-Control"] = "public, max-age=300"
    response["Access-Control-Allow-Origin"] = "*"
    out = csv.writer(response)
    out.writerow(COLUMNS)
    for one in rows.iterator():
        low, high = ("", "")
        if one.p20 is not None and one.p80 is not None:
            low, high = map(str, Expected(one.p20, one.p20, one.p80).span)
        out.writerow(
            [
                one.at.astimezone(where.tz).isoformat(timespec="minutes"),
                where.services[one.service_id].code,
                one.waiting,
                one.open_counters,
                int(one.tickets),
                low,
                high,
            ]
        )
    return response


def _days(said: str) -> int:
    days = reading.whole(said)
    return USUAL_DAYS if days is None else max(1, min(days, MOST_DAYS))


def _shown(where: Directory, at: datetime) -> dict[str, Any]:
    """What the live view says, with moments as templates want them."""
    seen = monitor(where, now=at)
    for service in seen["services"]:
        service["name"] = Texts(service["name"])
        service["opens_at"] = _moment(service["next_opening"])
    for incident in seen["incidents"]:
        incident["text"] = Texts(incident["text"])
    for call in seen["last_calls"]:
        call["place"] = Texts(call["place"])
        call["at"] = _moment(call["called_at"])
    seen["places"] = _by_place(seen["counters"])
    seen["opens_at"] = _moment(seen["next_opening"])
    highest = [s["wait_to_min"] for s in seen["services"] if s["wait_to_min"] is not None]
    return seen | {"longest": max(highest, default=None)}


def _by_place(counters: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """Where counters are open: each place with their numbers, in the order of the counters."""
    numbers: dict[str, list[str]] = {}
    for counter in counters:
        numbers.setdefault(str(Texts(counter["place"])), []).append(counter["number"])
    return list(numbers.items())


def _moment(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None


def context(where: Directory) -> dict[str, Any]:
    """What the templates of the live view need."""
    at = now()
    seen, slug = _shown(where, at), where.office.slug
    score = scores(where, now=at).whole
    return {
        "office": where.office,
        "home_url": reverse("citizen:office", args=[slug]),
        "seen": seen,
        "made_at": at,
        "next_opening": seen["opens_at"],
        "score": score if score and score.tickets >= ENOUGH else None,
        "error": round(score.error) if score else 0,
        "inside": round(score.inside * 100) if score else 0,
        "data_url": f"/api/v1/offices/{slug}/monitor",
        "queues_url": f"/api/v1/offices/{slug}/queues",
    }
