"""The API of a kiosk, and of whoever holds a ticket."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest
from ninja import Header, Router

from prepazka.core.pins import Outcome
from prepazka.offices.directory import Directory, directory
from prepazka.queueing.models import Ticket
from prepazka.queueing.tickets import CheckIn, check_in, give_up, issue_ticket, shows_ticket
from prepazka.queueing.validity import valid_until
from prepazka.reporting.place import Place, announced
from prepazka.surfaces.api import schemas
from prepazka.surfaces.api.auth import Kiosk, KioskToken
from prepazka.web.refusals import NotFound
from prepazka.web.shortcuts import now

router = Router(tags=["kiosk"])
PROBLEMS = frozenset({401, 403, 404, 409, 422, 429, 503})
TICKET = {200: schemas.TicketOut, PROBLEMS: schemas.Problem}
KEY: Any = Header(None, alias="Idempotency-Key")  # type: ignore[type-arg]  # a function at run time


@router.post("/kiosk/tickets", auth=KioskToken(), response=TICKET)
def issue(request: HttpRequest, wanted: schemas.TicketIn, key: UUID | None = KEY) -> Any:
    """Give a walk-in a ticket. Sent again with the same key, it is the same ticket.

    The number comes at once; people ahead and the wait are told by GET of the ticket.
    """
    kiosk: Kiosk = request.auth  # type: ignore[attr-defined]  # set by ninja
    service = kiosk.office.service_by_code(wanted.service)
    if service is None:
        raise NotFound
    ticket = issue_ticket(
        office=kiosk.office,
        service=service,
        touch=key or uuid4(),
        now=now(),
        language=wanted.language,
        persons=wanted.persons,
    )
    return shown(kiosk.office, ticket, look=False)


@router.post(
    "/kiosk/check-ins",
    auth=KioskToken(),
    response={200: schemas.CheckInOut, PROBLEMS: schemas.Problem},
)
def check(request: HttpRequest, said: schemas.PinIn, key: UUID | None = KEY) -> Any:
    """Take the PIN of a booked client; `outcome` says what is true of it, and what to do next.

    After many wrong PINs the answer is `second_answer_needed` or `code_needed` until `second` is
    sent too; a pair that gives no ticket is then `unknown`.

    Entered again at the same kiosk within two minutes, a PIN answers `again` with its ticket, to be
    printed again; later, or at another kiosk, `used` with the time of the ticket and nothing else.
    """
    kiosk: Kiosk = request.auth  # type: ignore[attr-defined]  # set by ninja
    done = check_in(
        office=kiosk.office,
        device=kiosk.device,
        pin=said.pin,
        touch=key or uuid4(),
        now=now(),
        language=said.language,
        second=said.second,
    )
    verdict, tz = done.verdict, kiosk.office.tz
    return {
        "outcome": verdict.outcome.value,
        "day": verdict.found.day if verdict.found else None,
        "opens_at": verdict.opens_at and verdict.opens_at.astimezone(tz),
        "closes_at": verdict.closes_at and verdict.closes_at.astimezone(tz),
        **_ticket_of(kiosk.office, done),
    }


def _ticket_of(office: Directory, done: CheckIn) -> dict[str, Any]:
    """The ticket for whoever entered the PIN; of one that may be another's no code, no number."""
    if done.ticket is None:
        return {"ticket": None}
    if shows_ticket(done.verdict):
        return {"ticket": shown(office, done.ticket)}
    if done.verdict.outcome is Outcome.USED:
        return {"ticket": None, "ticket_since": done.ticket.issued_at.astimezone(office.tz)}
    return {"ticket": shown(office, done.ticket) | {"code": ""}}


@router.get("/tickets/{code}", response=TICKET)
def ticket(request: HttpRequest, code: str) -> Any:
    """A ticket by the code of its personal page: state, people ahead, wait."""
    found = _read(code)
    return shown(directory(found.office), found)


@router.delete("/tickets/{code}", response=TICKET)
def leave(request: HttpRequest, code: str) -> Any:
    """Give up the place; repeated, it answers the same."""
    found = _read(code)
    return shown(directory(found.office), give_up(ticket=found.pk, now=now()))


def shown(office: Directory, ticket: Ticket, *, look: bool = True) -> dict[str, Any]:
    """The ticket as its holder may see it; without a look at the hall where `look` is off."""
    place = (
        announced(office, ticket, now=now())
        if look
        else Place(ticket, office.services[ticket.service_id], valid_until(office, ticket))
    )
    return {
        "code": ticket.code,
        "number": ticket.label,
        "service": place.service.code,
        "state": ticket.state,
        "issued_at": ticket.issued_at.astimezone(office.tz),
        "valid_until": place.valid_until.astimezone(office.tz),
        "counter": place.counter.number if place.counter else None,
        "missed_at": ticket.missed_call and ticket.missed_call[0].astimezone(office.tz),
        "ahead": place.ahead,
        "wait_min": list(place.wait) if place.wait else None,
        "waits_for": place.incident.system.code if place.incident else None,
    }


def _read(code: str) -> Ticket:
    found = Ticket.objects.select_related("office").filter(code=code).first()
    if found is None:
        raise NotFound
    return found
