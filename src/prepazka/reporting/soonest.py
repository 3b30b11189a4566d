"""The next free terms of a service, an official, a department or a whole office."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple, TypeVar

from prepazka.booking.terms import Term, is_bookable, offered
from prepazka.offices.directory import Directory
from prepazka.offices.models import Department, Named, Official, Service
from prepazka.reporting.departments import services_in

MOST = 10
Part = TypeVar("Part", bound=Named)


@dataclass(frozen=True)
class Wanted:
    """What an address names; nothing named means the whole office."""

    service: Service | None = None
    official: Official | None = None
    department: Department | None = None

    @property
    def retired(self) -> bool:
        """Whether the office has dropped any of it."""
        return any(one and one.retired for one in (self.service, self.official, self.department))


class Next(NamedTuple):
    """A free term and what it is for."""

    service: Service
    term: Term


def wanted(
    office: Directory, *, service: str = "", official: str = "", department: str = ""
) -> Wanted:
    """The parts of these codes, retired ones too. Raises LookupError."""
    return Wanted(
        _named(list(office.services.values()), service),
        _named(list(office.officials.values()), official),
        _named(list(office.departments.values()), department),
    )


def next_terms(office: Directory, what: Wanted, *, now: datetime, most: int) -> list[Next]:
    """The next terms of the service; without one, the first term of each service there is.

    Two statements for each service.
    """
    if what.retired:
        return []
    if what.service:
        return list(islice(_terms(office, what.service, what.official, now), most))
    first = [
        found
        for service in _services(office, what)
        for found in islice(_terms(office, service, what.official, now), 1)
    ]
    return sorted(first, key=lambda found: found.term.starts_at)[:most]


def _terms(
    office: Directory, service: Service, official: Official | None, now: datetime
) -> list[Next]:
    terms = offered(office=office, service=service, now=now, official=official)
    return [Next(service, term) for term in terms]


def _services(office: Directory, what: Wanted) -> list[Service]:
    if what.official:
        return office.topics_of(what.official)
    if what.department:
        return services_in(office, what.department)
    return [s for s in office.offered_services() if is_bookable(office, s)]


def _named(known: Sequence[Part], code: str) -> Part | None:
    if not code:
        return None
    found = next((one for one in known if one.code == code), None)
    if found is None:
        raise LookupError(code)
    return found
