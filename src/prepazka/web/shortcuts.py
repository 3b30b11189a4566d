"""Small things that views of every surface need."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from prepazka.core import visitors
from prepazka.offices.clock import now
from prepazka.offices.directory import Directory, directory, directory_by_slug
from prepazka.offices.models import Office

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Directory, P], HttpResponse]


def all_offices() -> list[Directory]:
    """Every office by its name; an accent does not send Č behind Z."""

    def plain(where: Directory) -> str:
        name = unicodedata.normalize("NFKD", str(where.office.name))
        return name.encode("ascii", "ignore").decode().casefold()

    return sorted((directory(one) for one in Office.objects.all()), key=plain)


def office_or_404(slug: str) -> Directory:
    """The office of the address; its clocks become those of the request."""
    try:
        office = directory_by_slug(slug)
    except Office.DoesNotExist:
        raise Http404(slug) from None
    timezone.activate(office.tz)
    return office


def of_office(view: View[P]) -> Callable[..., HttpResponse]:
    """Give the view the office whose `slug` is in the address."""

    @wraps(view)
    def wrapped(request: HttpRequest, slug: str, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, office_or_404(slug), *args, **kwargs)
        finally:
            timezone.deactivate()

    return wrapped


def address_of(request: HttpRequest) -> str:
    """The address of the person: behind our own proxies, the one the outermost of them saw."""
    from django.conf import settings  # noqa: PLC0415  # overridden by tests

    peer = str(request.META.get("REMOTE_ADDR", ""))
    # Django has joined a header that stands twice.
    forwarded = [request.headers.get("X-Forwarded-For", "")]
    return visitors.address_of(peer, forwarded, settings.TRUSTED_PROXIES)


__all__ = ["address_of", "all_offices", "now", "of_office", "office_or_404"]
