"""What a kiosk offers at this moment: at most eight choices on a screen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from prepazka.core.announcing import Expected
from prepazka.offices.directory import Directory
from prepazka.offices.models import Agenda, Device, Service
from prepazka.queueing.tickets import issues_tickets, tickets_ended
from prepazka.reporting.hall import Hall, hall
from prepazka.web.incidents import Notice, notices

MOST_CHOICES = 8


@dataclass(frozen=True)
class Choice:
    """A thing to touch: a service that gives a ticket, or a page with more of them."""

    letter: str
    name: str
    service: str = ""
    url: str = ""
    waiting: int = 0
    wait: Expected | None = None


@dataclass(frozen=True)
class Offer:
    """The choices of one page, and how to get to the other pages."""

    choices: list[Choice]
    page: int
    pages: int


def services_of(office: Directory, kiosk: Device, now: datetime) -> list[Service]:
    """Services for which this kiosk gives tickets now."""
    return [s for s in assigned(office, kiosk) if issues_tickets(office, s, now)]


def ended_services(office: Directory, kiosk: Device, now: datetime) -> list[Service]:
    """Services for which the last ticket of today has been given out."""
    return [s for s in assigned(office, kiosk) if tickets_ended(office, s, now)]


def down(office: Directory, kiosk: Device) -> list[Notice]:
    """Incidents because of which this kiosk gives no tickets for some of its services."""
    return notices(office, [s for s in assigned(office, kiosk) if s.walk_in])


def offer(office: Directory, kiosk: Device, now: datetime, page: int = 1) -> Offer:
    """The start screen: the services themselves if they fit, else their agendas first."""
    seen = hall(office, now=now)
    office = seen.office
    services = services_of(office, kiosk, now)
    if len(services) <= MOST_CHOICES:
        return _paged([_service(seen, s) for s in services], page)
    choices: dict[int, Choice] = {}
    for service in services:
        agenda = office.agenda_of(service)
        alone = choices.get(agenda.pk) is None
        choices[agenda.pk] = _service(seen, service) if alone else _agenda(seen, agenda)
    return _paged(list(choices.values()), page)


def offer_of_agenda(
    office: Directory, kiosk: Device, agenda: Agenda, now: datetime, page: int = 1
) -> Offer:
    """The services of one agenda."""
    seen = hall(office, now=now)
    services = services_of(seen.office, kiosk, now)
    return _paged([_service(seen, s) for s in services if s.agenda_id == agenda.pk], page)


def assigned(office: Directory, kiosk: Device) -> list[Service]:
    """Services that this kiosk is for."""
    codes = kiosk.options.get("services")
    return [s for s in office.offered_services() if not codes or s.code in codes]


def _paged(choices: list[Choice], page: int) -> Offer:
    """All at once if they fit; else the last place of each page leads to the next."""
    if len(choices) <= MOST_CHOICES:
        return Offer(choices, 1, 1)
    room = MOST_CHOICES - 1
    pages = -(-len(choices) // room)
    page = min(max(page, 1), pages)
    return Offer(choices[(page - 1) * room : page * room], page, pages)


def _service(seen: Hall, service: Service) -> Choice:
    return Choice(
        letter=seen.office.agenda_of(service).letter,
        name=str(service.name),
        service=service.code,
        waiting=sum(w.service == service.pk for w in seen.waiting),
        wait=seen.outlook.newcomers.get(service.pk),
    )


def _agenda(seen: Hall, agenda: Agenda) -> Choice:
    return Choice(
        letter=agenda.letter,
        name=str(agenda.name),
        url=reverse("kiosk:agenda", args=[agenda.code]),
        waiting=sum(seen.office.services[w.service].agenda_id == agenda.pk for w in seen.waiting),
    )
