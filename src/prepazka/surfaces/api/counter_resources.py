"""The API of counters: all steps of a clerk's console."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from prepazka.core import discipline
from prepazka.offices.models import Counter
from prepazka.queueing import counters, presses, turns
from prepazka.queueing.models import Shift, Ticket
from prepazka.queueing.refusals import CounterClosedAlready, CounterNotOpen
from prepazka.queueing.turns import client_of_clerk
from prepazka.reporting.live_hall import hall_at
from prepazka.reporting.missed_tickets import missed_of_today
from prepazka.reporting.open_counters import open_counters
from prepazka.surfaces.api import schemas
from prepazka.surfaces.api.auth import Staff, StaffToken, member
from prepazka.surfaces.api.repeats import KEY, Key, do_once
from prepazka.web.idempotency import run_once, without_transaction
from prepazka.web.reasons import reason_in_words
from prepazka.web.refusals import NotFound, NotUnderstood
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import COUNTER, DESK, MAY_TAKE_OVER, no_counter

router = Router(tags=["counter"], auth=StaffToken())
PROBLEMS = frozenset({401, 403, 404, 409, 422, 503})
SHIFT = {200: schemas.ShiftOut, PROBLEMS: schemas.Problem}


@router.get(
    "/offices/{slug}/queue", response={200: list[schemas.WaitingOut], PROBLEMS: schemas.Problem}
)
def queue(request: HttpRequest, slug: str) -> Any:
    """Waiting tickets in the queue's order, each with the reason for its place in words."""
    staff = member(request, slug, *COUNTER)
    snapshot = hall_at(staff.office, now=now())
    return [
        {
            "ticket": ticket.pk,
            "number": ticket.label,
            "service": snapshot.office.services[ticket.service_id].code,
            "booked": ticket.booked_from is not None,
            "since": ticket.issued_at.astimezone(staff.office.tz),
            "reason": reason_in_words(chosen.reason.payload(), snapshot.office),
        }
        for chosen in snapshot.order
        if (ticket := snapshot.tickets.get(chosen.ticket))
    ]


@router.get(
    "/offices/{slug}/missed", response={200: list[schemas.MissedOut], PROBLEMS: schemas.Problem}
)
def missed(request: HttpRequest, slug: str) -> Any:
    """Today's missed tickets, the last called first."""
    staff = member(request, slug, *COUNTER, *DESK)
    return [
        {
            "ticket": call.ticket.pk,
            "number": call.ticket.label,
            "service": call.service.code,
            "booked": call.ticket.booked_from is not None,
            "called_at": call.called_at.astimezone(staff.office.tz),
            "counter": call.counter.code,
            "may_return": call.may_return,
            "pin_until": call.pin_until and call.pin_until.astimezone(staff.office.tz),
        }
        for call in missed_of_today(staff.office, now=now())
    ]


@router.post(
    "/offices/{slug}/missed/{ticket}/return",
    response={200: schemas.WaitingOut, PROBLEMS: schemas.Problem},
)
def return_missed(request: HttpRequest, slug: str, ticket: int, key: Key = KEY) -> Any:
    """Return a missed ticket to the queue, behind those returned before it."""
    staff = member(request, slug, *COUNTER, *DESK)
    return do_once(
        request,
        principal=staff.principal,
        key=key,
        now=now(),
        work=lambda: _returned(staff, ticket),
    )


def _returned(staff: Staff, ticket: int) -> dict[str, Any]:
    try:
        returned = turns.return_missed(
            office=staff.office, ticket=ticket, now=now(), actor=staff.user
        )
    except Ticket.DoesNotExist:
        raise NotFound from None
    position = discipline.turn_of_ticket(
        turns.waiting_of_ticket(returned), turns.policy_of(staff.office), now()
    )
    return {
        "ticket": returned.pk,
        "number": returned.label,
        "service": staff.office.services[returned.service_id].code,
        "booked": returned.booked_from is not None,
        "since": returned.issued_at.astimezone(staff.office.tz),
        "reason": reason_in_words(position.reason.payload(), staff.office),
    }


@router.post("/offices/{slug}/counters/{code}/open", response=SHIFT)
def open_counter(request: HttpRequest, slug: str, code: str, key: Key = KEY) -> Any:
    """Open a counter."""
    staff = member(request, slug, *COUNTER)
    counter = next((c for c in staff.office.open_counters() if c.code == code), None)
    if counter is None:
        raise NotFound
    return _idempotent(
        request,
        staff,
        key,
        lambda: counters.open_counter(counter=counter, clerk=staff.user, now=now()),
    )


@router.get(
    "/offices/{slug}/counters",
    response={200: list[schemas.OpenCounterOut], PROBLEMS: schemas.Problem},
)
def open_ones(request: HttpRequest, slug: str) -> Any:
    """The open counters with their clerk, times of opening and of the last step, and client."""
    staff = member(request, slug, *MAY_TAKE_OVER)
    zone = staff.office.tz
    return [
        {
            "counter": row.counter.code,
            "clerk": row.clerk,
            "opened_at": row.shift.opened_at.astimezone(zone),
            "paused_at": row.shift.paused_at and row.shift.paused_at.astimezone(zone),
            "last_step_at": row.last_step_at.astimezone(zone),
            "client": row.client and row.client.pk,
            "number": row.client and row.client.label,
        }
        for row in open_counters(staff.office)
    ]


@router.post("/offices/{slug}/counters/{code}/take-over", response=SHIFT)
def take_over(
    request: HttpRequest, slug: str, code: str, body: schemas.LeftIn, key: Key = KEY
) -> Any:
    """Take over a counter that a colleague left open; its client may stay there (`fate` stays)."""
    staff = member(request, slug, *COUNTER)
    return _idempotent(
        request,
        staff,
        key,
        lambda: counters.take_over_counter(
            office=staff.office,
            shift=_shift_at(staff, code),
            clerk=staff.user,
            client=body.client,
            fate=body.fate,
            now=now(),
        ),
    )


@router.post("/offices/{slug}/counters/{code}/close", response=SHIFT)
def close_left(
    request: HttpRequest, slug: str, code: str, body: schemas.LeftIn, key: Key = KEY
) -> Any:
    """Close a counter that a colleague left open, with the `fate` of its client."""
    staff = member(request, slug, *MAY_TAKE_OVER)
    return _idempotent(
        request,
        staff,
        key,
        lambda: counters.close_left_counter(
            office=staff.office,
            shift=_shift_at(staff, code),
            actor=staff.user,
            client=body.client,
            fate=body.fate,
            now=now(),
        ),
    )


@router.get("/offices/{slug}/counter", response=SHIFT)
def my_counter(request: HttpRequest, slug: str) -> Any:
    """The open counter of this member of staff, and its client."""
    return _counter_state(member(request, slug, *COUNTER))


@router.post("/offices/{slug}/counter/{action}", response=SHIFT)
def act(
    request: HttpRequest,
    slug: str,
    action: str,
    body: schemas.StepIn | None = None,
    key: Key = KEY,
) -> Any:
    """Do one step of the clerk; returns the counter after it.

    `action` is next, pick (`ticket`), recall, start, finish, no-show, park (`minutes`), transfer
    (`service`, `counter` or both), undo, pause, resume or close.
    """
    staff = member(request, slug, *COUNTER)
    if action not in STEPS:
        raise NotFound
    step = body or schemas.StepIn(minutes=None)
    return _idempotent(request, staff, key, lambda: _do_step(staff, action, step), action)


def _do_step(staff: Staff, action: str, step: schemas.StepIn) -> Any:
    try:
        return STEPS[action](staff, step)
    except CounterNotOpen:
        # A colleague may have taken the counter over, or closed it.
        raise no_counter(staff.office, staff.user, now()) from None


def _idempotent(
    request: HttpRequest, staff: Staff, key: UUID | None, work: Callable[[], Any], action: str = ""
) -> Any:
    return run_once(
        request,
        principal=staff.principal,
        key=key,
        now=now(),
        work=work,
        to_response=lambda outcome: _state_after(staff, action, outcome),
    )


def _client_step(use_case: Callable[..., Ticket]) -> Callable[[Staff, schemas.StepIn], Any]:
    step = without_transaction(use_case)
    return lambda staff, _: step(office=staff.office, clerk=staff.user, now=now())


def _counter_step(
    use_case: Callable[..., Shift | None],
) -> Callable[[Staff, schemas.StepIn], Any]:
    return lambda staff, _: use_case(shift=_open_shift(staff), now=now())


def _pick(staff: Staff, step: schemas.StepIn) -> Ticket:
    if step.ticket is None:
        raise NotUnderstood
    try:
        return turns.call_by_hand(
            office=staff.office, clerk=staff.user, ticket=step.ticket, now=now()
        )
    except Ticket.DoesNotExist:
        raise NotFound from None


def _park(staff: Staff, step: schemas.StepIn) -> None:
    if step.minutes is None:
        raise NotUnderstood
    turns.park_client(office=staff.office, clerk=staff.user, minutes=step.minutes, now=now())


def _transfer(staff: Staff, step: schemas.StepIn) -> None:
    service = staff.office.service_by_code(step.service) if step.service else None
    counter = _counter(staff, step.counter) if step.counter else None
    if service is None and counter is None:
        raise NotUnderstood
    turns.transfer_client(
        office=staff.office, clerk=staff.user, service=service, counter=counter, now=now()
    )


def _counter(staff: Staff, code: str) -> Counter:
    counter = next((c for c in staff.office.open_counters() if c.code == code), None)
    if counter is None:
        raise NotFound
    return counter


def _open_shift(staff: Staff) -> Shift:
    shift = Shift.objects.filter(office=staff.office.row, clerk=staff.user, closed_at=None).first()
    if shift is None:
        raise CounterNotOpen
    return shift


def _shift_at(staff: Staff, code: str) -> int:
    """The id of the counter's open shift. Raises CounterClosedAlready if there is none."""
    counter = _counter(staff, code)
    shift = Shift.objects.filter(office=staff.office.row, counter=counter, closed_at=None).first()
    if shift is None:
        raise CounterClosedAlready
    return shift.pk


CALLS = ("next", "pick")
NAMES = {"absent": "no-show"}  # of steps that have another name here
STEPS: dict[str, Callable[[Staff, schemas.StepIn], Any]] = {
    **{
        NAMES.get(name, name): _client_step(use_case)
        for name, use_case in presses.CLIENT_STEPS.items()
    },
    **{
        NAMES.get(name, name): _counter_step(use_case)
        for name, use_case in presses.COUNTER_STEPS.items()
    },
    "pick": _pick,
    "park": _park,
    "transfer": _transfer,
}


def _state_after(staff: Staff, action: str, outcome: object) -> dict[str, Any]:
    """The counter after the step; a call returned the ticket itself, and its counter is open."""
    if action in CALLS and isinstance(outcome, Ticket) and outcome.counter_id:
        return _as_json(staff, outcome.counter_id, outcome, paused=False)
    return _counter_state(staff)


def _counter_state(staff: Staff) -> dict[str, Any]:
    """The counter as JSON, because the response is stored to be repeated."""
    record = client_of_clerk(staff.office.office_id, staff.user)
    if record is None:
        return {"counter": None, "paused": False, "client": None}
    counter, paused, client = record
    return _as_json(staff, counter, client, paused=paused)


def _as_json(staff: Staff, counter: int, client: Ticket | None, *, paused: bool) -> dict[str, Any]:
    return {
        "counter": staff.office.counters[counter].code,
        "paused": paused,
        "client": client
        and {
            "ticket": client.pk,
            "number": client.label,
            "service": staff.office.services[client.service_id].code,
            "state": client.state,
            "language": client.language,
            "persons": client.persons,
            "booked": client.booked_from is not None,
            "reason": reason_in_words(client.reason, staff.office),
        },
    }
