"""The public live view of queues: an HTML table that a script, where there is one, refreshes."""

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
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.offices.text import Texts
from prepazka.queueing.history import estimate_scores
from prepazka.queueing.models import QuarterHour
from prepazka.reporting.monitor import monitor_of_office
from prepazka.web.shortcuts import all_offices, allow_frames, now, of_office

USUAL_DAYS, MOST_DAYS = 7, 90
ENOUGH = 30  # fewer tickets say nothing about the estimate's quality
COLUMNS = (
    "at", "service", "waiting", "open_counters", "tickets", "wait_from_min", "wait_to_min",
)  # fmt: skip


@require_safe
@of_office
def office_live_view(request: HttpRequest, office: OfficeSnapshot) -> HttpResponse:
    """The office's live view, or only its live part for a request with X-Fragment."""
    fragment = "X-Fragment" in request.headers
    template = "monitor/_board.html" if fragment else "monitor/office.html"
    response = render(request, template, live_view_context(office))
    response["Cache-Control"] = "no-store" if fragment else "public, max-age=5"
    response["Vary"] = "X-Fragment, Accept-Encoding"
    return response


@require_safe
@of_office
def live_view_frame(request: HttpRequest, office: OfficeSnapshot) -> HttpResponse:
    """The live view for a frame on another site; it reloads itself."""
    response = render(request, "monitor/frame.html", live_view_context(office))
    response["Refresh"] = "30"  # seconds; the frame has no script
    allow_frames(response, office.row.embed_hosts)
    response["Cache-Control"] = "public, max-age=10"
    return response


@require_safe
def offices_overview(request: HttpRequest) -> HttpResponse:
    """All offices in one table, refreshed every minute or when the first office changes."""
    at = now()
    offices = all_offices()
    rows = [{"office": office.row, "seen": _status_of(office, at)} for office in offices]
    fragment = "X-Fragment" in request.headers
    template = "monitor/_offices.html" if fragment else "monitor/overview.html"
    # The page shows times in one time zone, that of the first office.
    with timezone.override(offices[0].tz if offices else None):
        response = render(request, template, {"rows": rows, "made_at": at})
    response["Cache-Control"] = "no-store" if fragment else "public, max-age=10"
    response["Vary"] = "X-Fragment, Accept-Encoding"
    return response


@require_safe
@of_office
def history_csv(request: HttpRequest, office: OfficeSnapshot) -> HttpResponse:
    """The history of the last days as CSV, one row per service and quarter of an hour."""
    at = now()
    since = at - timedelta(days=_days(request.GET.get("dnu", "")))
    rows = QuarterHour.objects.filter(office=office.row, at__gte=since).order_by("at", "service")
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{office.slug}-nazivo.csv"'
    response["Cache-Control"] = "public, max-age=300"
    response["Access-Control-Allow-Origin"] = "*"
    out = csv.writer(response)
    out.writerow(COLUMNS)
    for row in rows.iterator():
        low, high = ("", "")
        if row.p20 is not None and row.p80 is not None:
            low, high = map(str, Expected(row.p20, row.p20, row.p80).span)
        out.writerow(
            [
                row.at.astimezone(office.tz).isoformat(timespec="minutes"),
                office.services[row.service_id].code,
                row.waiting,
                row.open_counters,
                int(row.tickets),
                low,
                high,
            ]
        )
    return response


def _days(text: str) -> int:
    days = reading.read_whole_number(text)
    return USUAL_DAYS if days is None else max(1, min(days, MOST_DAYS))


def _status_of(office: OfficeSnapshot, at: datetime) -> dict[str, Any]:
    """The monitor's status with texts by language and instants as datetimes, for templates."""
    status = monitor_of_office(office, now=at)
    for service in status["services"]:
        service["name"] = Texts(service["name"])
        service["opens_at"] = _moment(service["next_opening"])
    for incident in status["incidents"]:
        incident["text"] = Texts(incident["text"])
    for call in status["last_calls"]:
        call["place"] = Texts(call["place"])
        call["at"] = _moment(call["called_at"])
    status["places"] = _by_place(status["counters"])
    status["opens_at"] = _moment(status["next_opening"])
    highest = [s["wait_to_min"] for s in status["services"] if s["wait_to_min"] is not None]
    return status | {"longest": max(highest, default=None)}


def _by_place(counters: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """Places with the numbers of their open counters, in the counters' order."""
    numbers: dict[str, list[str]] = {}
    for counter in counters:
        numbers.setdefault(str(Texts(counter["place"])), []).append(counter["number"])
    return list(numbers.items())


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def live_view_context(office: OfficeSnapshot) -> dict[str, Any]:
    """Template context of the live view."""
    at = now()
    status, slug = _status_of(office, at), office.slug
    score = estimate_scores(office, now=at).whole
    return {
        "office": office.row,
        "home_url": reverse("citizen:office", args=[slug]),
        "seen": status,
        "made_at": at,
        "next_opening": status["opens_at"],
        "score": score if score and score.tickets >= ENOUGH else None,
        "error": round(score.error) if score else 0,
        "inside": round(score.inside * 100) if score else 0,
        "data_url": f"/api/v1/offices/{slug}/monitor",
        "queues_url": f"/api/v1/offices/{slug}/queues",
    }
