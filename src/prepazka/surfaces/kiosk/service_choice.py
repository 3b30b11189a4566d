"""The services that a kiosk offers now: at most eight choices on a screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from prepazka.core.announcing import Expected
from prepazka.offices.models import Agenda, Device, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.tickets import issues_tickets, tickets_ended
from prepazka.reporting.live_hall import Hall, hall_at
from prepazka.web.incident_banners import Notice, notices_of_incidents

MOST_CHOICES = 8


@dataclass(frozen=True)
class Choice:
    """A button: a service that issues a ticket, or a page with more services."""

    letter: str
    name: str
    service: str = ""
    url: str = ""
    waiting: int = 0
    wait: Expected | None = None


@dataclass(frozen=True)
class Offer:
    """The choices of one page, its number and the number of pages."""

    choices: list[Choice]
    page: int
    pages: int


def services_of(office: OfficeSnapshot, kiosk: Device, now: datetime) -> list[Service]:
    """Services for which this kiosk issues tickets now."""
    return [s for s in assigned_services(office, kiosk) if issues_tickets(office, s, now)]


def ended_services(office: OfficeSnapshot, kiosk: Device, now: datetime) -> list[Service]:
    """Services whose last ticket of today has been issued."""
    return [s for s in assigned_services(office, kiosk) if tickets_ended(office, s, now)]


def incidents_at_kiosk(office: OfficeSnapshot, kiosk: Device) -> list[Notice]:
    """Incidents that stop tickets of some of this kiosk's services."""
    return notices_of_incidents(office, [s for s in assigned_services(office, kiosk) if s.walk_in])


def start_choices(office: OfficeSnapshot, kiosk: Device, now: datetime, page: int = 1) -> Offer:
    """The choices of the start screen: services if they fit, else their agendas."""
    snapshot = hall_at(office, now=now)
    office = snapshot.office
    services = services_of(office, kiosk, now)
    if len(services) <= MOST_CHOICES:
        return _paged([_service(snapshot, s) for s in services], page)
    choices: dict[int, Choice] = {}
    for service in services:
        agenda = office.agenda_of(service)
        alone = choices.get(agenda.pk) is None
        choices[agenda.pk] = _service(snapshot, service) if alone else _agenda(snapshot, agenda)
    return _paged(list(choices.values()), page)


def offer_of_agenda(
    office: OfficeSnapshot, kiosk: Device, agenda: Agenda, now: datetime, page: int = 1
) -> Offer:
    """The services of one agenda."""
    snapshot = hall_at(office, now=now)
    services = services_of(snapshot.office, kiosk, now)
    return _paged([_service(snapshot, s) for s in services if s.agenda_id == agenda.pk], page)


def assigned_services(office: OfficeSnapshot, kiosk: Device) -> list[Service]:
    """Services assigned to this kiosk; all of them if its options name none."""
    codes = kiosk.options.get("services")
    return [s for s in office.offered_services() if not codes or s.code in codes]


def _paged(choices: list[Choice], page: int) -> Offer:
    """One page of the choices; with several pages one place is left for the next-page button."""
    if len(choices) <= MOST_CHOICES:
        return Offer(choices, 1, 1)
    room = MOST_CHOICES - 1
    pages = -(-len(choices) // room)
    page = min(max(page, 1), pages)
    return Offer(choices[(page - 1) * room : page * room], page, pages)


def _service(snapshot: Hall, service: Service) -> Choice:
    return Choice(
        letter=snapshot.office.agenda_of(service).letter,
        name=str(service.name),
        service=service.code,
        waiting=sum(w.service == service.pk for w in snapshot.waiting),
        wait=snapshot.outlook.newcomers.get(service.pk),
    )


def _agenda(snapshot: Hall, agenda: Agenda) -> Choice:
    return Choice(
        letter=agenda.letter,
        name=str(agenda.name),
        url=reverse("kiosk:agenda", args=[agenda.code]),
        waiting=sum(
            snapshot.office.services[w.service].agenda_id == agenda.pk for w in snapshot.waiting
        ),
    )
