"""The private iCalendar feed: whoever knows the address reads, nobody writes."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from prepazka.booking.feeds import feed_of
from prepazka.offices.directory import directory_by_id
from prepazka.reporting.feeds import calendar_of, mark_of
from prepazka.web.errors import not_found
from prepazka.web.limits import Limit, limit_address
from prepazka.web.shortcuts import now

# A town hall is one address for the calendars of all its officials.
READS = Limit("feed", 600, timedelta(minutes=10))


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The bookings as a calendar; 304 when the program has them already."""
    moment = now()
    limit_address(request, READS, now=moment)
    found = feed_of(token)
    if found is None:
        return _private(not_found(request, Exception()))
    office = directory_by_id(found.office_id)
    mark = f'"{mark_of(found, office, now=moment)}"'
    known = parse_etags(request.headers.get("If-None-Match", ""))
    # A gzipping middleware makes the mark weak; the program then sends it back as such.
    if {mark, f"W/{mark}", "*"} & set(known):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(
            calendar_of(found, office, now=moment), content_type="text/calendar; charset=utf-8"
        )
    response.headers["ETag"] = mark
    return _private(response)


def _private(response: HttpResponse) -> HttpResponse:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    patch_cache_control(response, private=True, no_cache=True)
    return response
