"""The private iCalendar feed, read-only, at a secret address."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_cache_control
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from prepazka.booking.calendar_feeds import feed_by_token
from prepazka.offices.office_snapshot import snapshot_by_id
from prepazka.reporting.feed_files import calendar_of, mark_of
from prepazka.web.errors import not_found
from prepazka.web.limits import Limit, limit_address
from prepazka.web.shortcuts import now

# Calendar programs of a whole town hall may share one IP address.
READS = Limit("feed", 600, timedelta(minutes=10))


@require_safe
def serve_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The bookings as iCalendar; 304 if the client's copy is current."""
    moment = now()
    limit_address(request, READS, now=moment)
    calendar_feed = feed_by_token(token)
    if calendar_feed is None:
        return _private(not_found(request, Exception()))
    office = snapshot_by_id(calendar_feed.office_id)
    etag = f'"{mark_of(calendar_feed, office, now=moment)}"'
    client_etags = parse_etags(request.headers.get("If-None-Match", ""))
    # A gzipping middleware makes the ETag weak; the client then sends it back as such.
    if {etag, f"W/{etag}", "*"} & set(client_etags):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(
            calendar_of(calendar_feed, office, now=moment),
            content_type="text/calendar; charset=utf-8",
        )
    response.headers["ETag"] = etag
    return _private(response)


def _private(response: HttpResponse) -> HttpResponse:
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    patch_cache_control(response, private=True, no_cache=True)
    return response
