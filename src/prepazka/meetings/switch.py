"""Meetings switched off for the whole installation: what is in the way of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import Count, Max

from prepazka.booking.models import LIVE, Booking, BookingState
from prepazka.meetings.models import Document, DocumentState, Minutes
from prepazka.offices.models import Mode, Office, Service

# The office still has to hold them, or to find another time for them.
AHEAD = (*(state for state in LIVE if state != BookingState.SERVED), BookingState.DISPLACED)


@dataclass(frozen=True)
class Obstacle:
    """What an office still has of meetings: appointments, unfinished papers, services with them."""

    office: str
    timezone: str
    appointments: int
    until: datetime | None
    papers: int
    services: tuple[str, ...]

    def __str__(self) -> str:
        found = []
        if self.appointments and self.until:
            until = self.until.astimezone(ZoneInfo(self.timezone))
            found.append(
                f"appointments by phone or video: {self.appointments},"
                f" the last one until {until:%Y-%m-%d %H:%M}"
            )
        if self.papers:
            found.append(f"documents not yet checked and minutes not yet printed: {self.papers}")
        if self.services:
            found.append(f"services offered by phone or video: {', '.join(self.services)}")
        return f"office {self.office}: {'; '.join(found)}"


def obstacles() -> Iterator[Obstacle]:
    """What each office still has of meetings; nothing where they may be switched off."""
    for office in Office.objects.order_by("slug").only("slug", "timezone"):
        ahead = Booking.objects.filter(office=office, state__in=AHEAD, companion_of=None)
        remote = ahead.exclude(mode=Mode.PERSON).aggregate(n=Count("pk"), until=Max("ends_at"))
        documents = Document.objects.filter(office=office, state=DocumentState.CHECKING)
        minutes = Minutes.objects.filter(office=office, key="").exclude(closed_at=None)
        services = Service.objects.filter(office=office, retired=False).exclude(
            modes__contained_by=[Mode.PERSON.value]
        )
        obstacle = Obstacle(
            office=office.slug,
            timezone=office.timezone,
            appointments=remote["n"],
            until=remote["until"],
            papers=documents.count() + minutes.count(),
            services=tuple(services.values_list("code", flat=True)),
        )
        if obstacle.appointments or obstacle.papers or obstacle.services:
            yield obstacle
