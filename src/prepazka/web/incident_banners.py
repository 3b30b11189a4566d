"""Notices of incidents for screens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prepazka.offices.incident_texts import cause_in_words, incident_in_words
from prepazka.offices.models import Incident, Service
from prepazka.offices.office_snapshot import OfficeSnapshot


@dataclass(frozen=True)
class Notice:
    """An incident and the shown services that it stops."""

    incident: Incident
    services: list[Service]
    cause: str
    text: str

    @property
    def names(self) -> str:
        """The names of the services, separated by commas."""
        return ", ".join(str(service.name) for service in self.services)


def notices_of_incidents(office: OfficeSnapshot, services: Iterable[Service]) -> list[Notice]:
    """Notices of incidents that stop some of the services, the oldest first."""
    candidates, affecting = list(services), []
    for incident in office.incidents:
        down = [s for s in candidates if incident.system_id in office.needs.get(s.pk, ())]
        if down:
            affecting.append(
                Notice(
                    incident, down, cause_in_words(incident), incident_in_words(incident, office)
                )
            )
    return affecting
