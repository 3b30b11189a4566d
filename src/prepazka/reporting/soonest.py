"""The next free slots of a service, an official, a department or an office, and their addresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import NamedTuple, TypeVar

from prepazka.booking.slot_search import is_bookable, search_slots
from prepazka.core.slots import Slot
from prepazka.offices.models import Department, Named, Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting.departments import services_in

MOST = 10
Part = TypeVar("Part", bound=Named)


@dataclass(frozen=True)
class Wanted:
    """The parts that an address names; none means the whole office."""

    service: Service | None = None
    official: Official | None = None
    department: Department | None = None

    @property
    def retired(self) -> bool:
        """Whether the office has retired any of the parts."""
        return any(
            named and named.retired for named in (self.service, self.official, self.department)
        )


class Next(NamedTuple):
    """A free slot and its service."""

    service: Service
    slot: Slot


def wanted_by_codes(
    office: OfficeSnapshot, *, service: str = "", official: str = "", department: str = ""
) -> Wanted:
    """The parts with these codes, including retired ones. Raises LookupError."""
    return Wanted(
        _named(list(office.services.values()), service),
        _named(list(office.officials.values()), official),
        _named(list(office.departments.values()), department),
    )


def next_slots(office: OfficeSnapshot, wish: Wanted, *, now: datetime, limit: int) -> list[Next]:
    """The next slots of the service; without one, the first slot of each service.

    Two SQL statements for each service.
    """
    if wish.retired:
        return []
    if wish.service:
        return list(islice(_slots(office, wish.service, wish.official, now), limit))
    first_slots = [
        next_slot
        for service in _services(office, wish)
        for next_slot in islice(_slots(office, service, wish.official, now), 1)
    ]
    return sorted(first_slots, key=lambda next_slot: next_slot.slot.starts_at)[:limit]


def _slots(
    office: OfficeSnapshot, service: Service, official: Official | None, now: datetime
) -> list[Next]:
    slots = search_slots(office=office, service=service, now=now, official=official)
    return [Next(service, slot) for slot in slots]


def _services(office: OfficeSnapshot, wish: Wanted) -> list[Service]:
    if wish.official:
        return office.topics_of(wish.official)
    if wish.department:
        return services_in(office, wish.department)
    return [s for s in office.offered_services() if is_bookable(office, s)]


def _named(candidates: Sequence[Part], code: str) -> Part | None:
    if not code:
        return None
    named = next((candidate for candidate in candidates if candidate.code == code), None)
    if named is None:
        raise LookupError(code)
    return named


def choice_address(slug: str, wish: Wanted) -> str:
    """The page on which the rest of the wish is chosen: a day, a topic, or whom to meet."""
    if wish.service:
        return f"/{slug}/objednat/{wish.service.code}/{_official_query(wish.official)}"
    if wish.official:
        return f"/{slug}/urednik/{wish.official.code}/"
    if wish.department:
        return f"/{slug}/odbor/{wish.department.code}/"
    return f"/{slug}/objednat/"


def day_address(slug: str, service: Service, on: date, official: Official | None) -> str:
    """The page with the free times of one day."""
    return f"/{slug}/objednat/{service.code}/{on.isoformat()}/{_official_query(official)}"


def _official_query(official: Official | None) -> str:
    return f"?urednik={official.code}" if official else ""
