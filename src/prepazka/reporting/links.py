"""Lasting addresses of an office's pages, as its own web may use them; without the language."""

from __future__ import annotations

from datetime import date

from prepazka.offices.models import Official, Service
from prepazka.reporting.soonest import Wanted


def choose(slug: str, what: Wanted) -> str:
    """Where the rest is chosen: a day, a topic, or whom to meet."""
    if what.service:
        return f"/{slug}/objednat/{what.service.code}/{_with(what.official)}"
    if what.official:
        return f"/{slug}/urednik/{what.official.code}/"
    if what.department:
        return f"/{slug}/odbor/{what.department.code}/"
    return f"/{slug}/objednat/"


def day(slug: str, service: Service, on: date, official: Official | None) -> str:
    """The free times of one day."""
    return f"/{slug}/objednat/{service.code}/{on.isoformat()}/{_with(official)}"


def _with(official: Official | None) -> str:
    return f"?urednik={official.code}" if official else ""
