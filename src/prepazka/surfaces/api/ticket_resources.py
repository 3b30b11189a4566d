"""The API of kiosks and of ticket holders."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from ninja import Router

from prepazka.core.pins import Outcome
from prepazka.offices.languages import installed_or_main
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing.models import Ticket
from prepazka.queueing.tickets import CheckIn, check_in, issue_ticket, leave_queue, shows_ticket
from prepazka.queueing.validity import valid_until
from prepazka.reporting.place import Place, announced_place
from prepazka.surfaces.api import schemas
from prepazka.surfaces.api.auth import Kiosk, KioskToken
from prepazka.surfaces.api.repeats import KEY, Key, do_once
from prepazka.web.idempotency import is_key_of_another
from prepazka.web.refusals import KeyReused, NotFound
from prepazka.web.shortcuts import now

router = Router(tags=["kiosk"])
PROBLEMS = frozenset({401, 403, 404, 409, 422, 429, 503})
TICKET = {200: schemas.TicketOut, PROBLEMS: schemas.Problem}


@router.post("/kiosk/tickets", auth=KioskToken(), response=TICKET)
def issue(request: HttpRequest, body: schemas.TicketIn, key: Key = KEY) -> Any:
    """Issue a ticket without a booking. The same Idempotency-Key returns the same ticket.

    The response has the number; get the ticket to learn the people ahead and the wait.
    """
    kiosk: Kiosk = request.auth  # type: ignore[attr-defined]  # set by ninja
    service = kiosk.office.service_by_code(body.service)
    if service is None:
        raise NotFound

    def work() -> dict[str, Any]:
        ticket = issue_ticket(
            office=kiosk.office,
            service=service,
            touch=_touch(kiosk, key),
            now=now(),
            language=installed_or_main(body.language),
            persons=body.persons,
        )
        return shown(kiosk.office, ticket, look=False)

    return do_once(request, principal=kiosk.principal, key=key, now=now(), work=work)


@router.post(
    "/kiosk/check-ins",
    auth=KioskToken(),
    response={200: schemas.CheckInOut, PROBLEMS: schemas.Problem},
)
def check(request: HttpRequest, body: schemas.PinIn, key: Key = KEY) -> Any:
    """Check in by PIN; `outcome` says whether it was accepted, and why not.

    After many wrong PINs the error is `second_answer_needed` or `code_needed` until `second` is
    sent too; a pair without a ticket is then `unknown`.

    A PIN entered again at the same kiosk within two minutes returns `again` with its ticket, to be
    printed again; later, or at another kiosk, `used` with the time of the ticket and nothing else.
    """
    kiosk: Kiosk = request.auth  # type: ignore[attr-defined]  # set by ninja
    tz = kiosk.office.tz

    def work() -> dict[str, Any]:
        checkin = check_in(
            office=kiosk.office,
            device=kiosk.device,
            pin=body.pin,
            touch=_touch(kiosk, key),
            now=now(),
            language=installed_or_main(body.language),
            second_answer=body.second,
        )
        verdict = checkin.verdict
        return {
            "outcome": verdict.outcome.value,
            "day": verdict.found.day if verdict.found else None,
            "opens_at": verdict.opens_at and verdict.opens_at.astimezone(tz),
            "closes_at": verdict.closes_at and verdict.closes_at.astimezone(tz),
            **_ticket_of(kiosk.office, checkin),
        }

    return do_once(request, principal=kiosk.principal, key=key, now=now(), work=work)


def _touch(kiosk: Kiosk, key: UUID | None) -> UUID:
    """The touch of a request: its key, which nobody else may have sent before.

    It is the key itself, so that a repeat is known whichever release the request came to. Raises
    KeyReused if another kiosk has sent it, whose ticket would be the answer.
    """
    if key is None:
        return uuid4()
    repeated = Ticket.objects.filter(office=kiosk.office.row, touch=key).exists()
    if repeated and is_key_of_another(key, kiosk.principal):
        raise KeyReused
    return key


def _ticket_of(office: OfficeSnapshot, checkin: CheckIn) -> dict[str, Any]:
    """The ticket's fields; without code and number if it may belong to somebody else."""
    if checkin.ticket is None:
        return {"ticket": None}
    if shows_ticket(checkin.verdict):
        return {"ticket": shown(office, checkin.ticket)}
    if checkin.verdict.outcome is Outcome.USED:
        return {"ticket": None, "ticket_since": checkin.ticket.issued_at.astimezone(office.tz)}
    return {"ticket": shown(office, checkin.ticket) | {"code": ""}}


@router.get("/tickets/{code}", response=TICKET)
def ticket(request: HttpRequest, response: HttpResponse, code: str) -> Any:
    """The ticket of the code: state, people ahead, wait."""
    response["Cache-Control"] = "no-store"
    ticket = _ticket_by_code(code)
    return shown(snapshot_of(ticket.office), ticket)


@router.delete("/tickets/{code}", response=TICKET)
def leave(request: HttpRequest, code: str) -> Any:
    """Leave the queue; a repeat returns the same."""
    ticket = _ticket_by_code(code)
    return shown(snapshot_of(ticket.office), leave_queue(ticket=ticket.pk, now=now()))


def shown(office: OfficeSnapshot, ticket: Ticket, *, look: bool = True) -> dict[str, Any]:
    """The ticket for its holder; without position and wait if `look` is off."""
    position = (
        announced_place(office, ticket, now=now())
        if look
        else Place(ticket, office.services[ticket.service_id], valid_until(office, ticket))
    )
    return {
        "code": ticket.code,
        "number": ticket.label,
        "service": position.service.code,
        "state": ticket.state,
        "issued_at": ticket.issued_at.astimezone(office.tz),
        "valid_until": position.valid_until.astimezone(office.tz),
        "counter": position.counter.number if position.counter else None,
        "missed_at": ticket.missed_call and ticket.missed_call[0].astimezone(office.tz),
        "ahead": position.ahead,
        "wait_min": list(position.wait) if position.wait else None,
        "waits_for": position.incident.system.code if position.incident else None,
    }


def _ticket_by_code(code: str) -> Ticket:
    ticket = Ticket.objects.select_related("office").filter(code=code).first()
    if ticket is None:
        raise NotFound
    return ticket
