"""Incidents as the screens say them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prepazka.offices.directory import Directory
from prepazka.offices.incidents import cause_of, said_of
from prepazka.offices.models import Incident, Service


@dataclass(frozen=True)
class Notice:
    """One incident and which of the services shown wait for its end."""

    incident: Incident
    services: list[Service]
    cause: str
    text: str

    @property
    def names(self) -> str:
        """The services in words."""
        return ", ".join(str(one.name) for one in self.services)


def notices(office: Directory, services: Iterable[Service]) -> list[Notice]:
    """Incidents because of which some of the services wait, the oldest first."""
    here, found = list(services), []
    for incident in office.incidents:
        down = [s for s in here if incident.system_id in office.needs.get(s.pk, ())]
        if down:
            found.append(Notice(incident, down, cause_of(incident), said_of(incident, office)))
    return found
