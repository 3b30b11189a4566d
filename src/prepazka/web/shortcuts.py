"""Helpers for views of all surfaces: the office of the address, the clock, the client's address."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from prepazka.core import visitor_address
from prepazka.offices.clock import now
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug, snapshot_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, OfficeSnapshot, P], HttpResponse]


def all_offices() -> list[OfficeSnapshot]:
    """All offices sorted by name, ignoring accents."""

    def plain(office: OfficeSnapshot) -> str:
        name = unicodedata.normalize("NFKD", str(office.row.name))
        return name.encode("ascii", "ignore").decode().casefold()

    return sorted((snapshot_of(row) for row in Office.objects.all()), key=plain)


def office_or_404(slug: str) -> OfficeSnapshot:
    """The office of the slug; activates its time zone. Raises Http404."""
    try:
        office = snapshot_by_slug(slug)
    except Office.DoesNotExist:
        raise Http404(slug) from None
    timezone.activate(office.tz)
    return office


def of_office(view: View[P]) -> Callable[..., HttpResponse]:
    """Pass the office of the address to the view, with its time zone active."""

    @wraps(view)
    def wrapped(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, office_or_404(slug), *args, **kwargs)
        finally:
            timezone.deactivate()

    return wrapped


def address_of(request: HttpRequest) -> str:
    """The client's IP address, as the outermost of our trusted proxies saw it."""
    from django.conf import settings  # noqa: PLC0415  # overridden by tests

    peer = str(request.META.get("REMOTE_ADDR", ""))
    # Django joins repeated headers into one.
    forwarded = [request.headers.get("X-Forwarded-For", "")]
    return visitor_address.address_of(peer, forwarded, settings.TRUSTED_PROXIES)


__all__ = ["address_of", "all_offices", "now", "of_office", "office_or_404"]
