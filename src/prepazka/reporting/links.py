"""Permanent addresses of an office's pages for its own web, without the language."""

from __future__ import annotations

from datetime import date

from prepazka.offices.models import Official, Service
from prepazka.reporting.soonest import Wanted


def choose(slug: str, wish: Wanted) -> str:
    """The page on which the rest of the wish is chosen: a day, a topic, or whom to meet."""
    if wish.service:
        return f"/{slug}/objednat/{wish.service.code}/{_official_query(wish.official)}"
    if wish.official:
        return f"/{slug}/urednik/{wish.official.code}/"
    if wish.department:
        return f"/{slug}/odbor/{wish.department.code}/"
    return f"/{slug}/objednat/"


def day(slug: str, service: Service, on: date, official: Official | None) -> str:
    """The page with the free times of one day."""
    return f"/{slug}/objednat/{service.code}/{on.isoformat()}/{_official_query(official)}"


def _official_query(official: Official | None) -> str:
    return f"?urednik={official.code}" if official else ""
