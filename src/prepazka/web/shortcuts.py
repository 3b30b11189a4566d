"""Helpers for views of all surfaces: the office of the address, the clock, addresses, frames."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse, translate_url
from django.utils import timezone

from prepazka.core import visitor_address
from prepazka.core.browser_rules import POLICY
from prepazka.offices.clock import now
from prepazka.offices.languages import active_language, nearest_language, offered_languages
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
    """Pass the office of the address to the view, with its time zone active.

    A page in a language that the office does not offer redirects to English.
    """

    @wraps(view)
    def wrapped(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            office = office_or_404(slug)
            offered = offered_languages(office.row.languages)
            if active_language() not in offered and request.method in ("GET", "HEAD"):
                nearest = nearest_language(active_language(), offered)
                return HttpResponseRedirect(translate_url(request.get_full_path(), nearest))
            return view(request, office, *args, **kwargs)
        finally:
            timezone.deactivate()

    return wrapped


def address_of(request: HttpRequest) -> str:
    """The client's IP address, as the outermost of our trusted proxies saw it."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    # Django joins repeated headers into one.
    forwarded = [request.headers.get("X-Forwarded-For", "")]
    return visitor_address.address_of(peer, forwarded, settings.TRUSTED_PROXIES)


def feed_address(token: str) -> str:
    """The full URL of the feed; shown only once, as only a hash of the token is stored."""
    return f"{settings.BASE_URL}{reverse('feed', args=[token])}"


def allow_frames(response: HttpResponse, hosts: list[str] | None) -> None:
    """Allow these hosts to frame the page; None allows any. A host implies our scheme or https."""
    sources = "*" if hosts is None else " ".join(["'self'", *hosts]) if hosts else "'none'"
    response["Content-Security-Policy"] = POLICY.replace(
        "frame-ancestors 'none'", f"frame-ancestors {sources}"
    )
    response["X-Robots-Tag"] = "noindex"


__all__ = [
    "address_of",
    "all_offices",
    "allow_frames",
    "feed_address",
    "now",
    "of_office",
    "office_or_404",
]
