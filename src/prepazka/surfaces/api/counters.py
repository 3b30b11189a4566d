"""The API of a counter: everything a clerk's console can press."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import connection
from django.http import HttpRequest
from ninja import Header, Router

from prepazka.core import discipline
from prepazka.journal.rows import columns, of_row
from prepazka.offices.models import Counter
from prepazka.queueing import counters, turns
from prepazka.queueing.models import Shift, Ticket
from prepazka.queueing.refusals import CounterClosedAlready, CounterNotOpen
from prepazka.reporting.hall import hall
from prepazka.reporting.missed import missed_of_today
from prepazka.reporting.open_counters import open_counters
from prepazka.surfaces.api import schemas
from prepazka.surfaces.api.auth import Staff, StaffToken, member
from prepazka.web.counters import no_counter
from prepazka.web.once import once, part
from prepazka.web.reasons import sentence
from prepazka.web.refusals import NotFound, NotUnderstood
from prepazka.web.shortcuts import now
from prepazka.web.staff import COUNTER, DESK, MAY_TAKE_OVER

router = Router(tags=["counter"], auth=StaffToken())
PROBLEMS = frozenset({401, 403, 404, 409, 422, 503})
SHIFT = {200: schemas.ShiftOut, PROBLEMS: schemas.Problem}
KEY: Any = Header(None, alias="Idempotency-Key")  # type: ignore[type-arg]  # a function at run time


@router.get(
    "/offices/{slug}/queue", response={200: list[schemas.WaitingOut], PROBLEMS: schemas.Problem}
)
def queue(request: HttpRequest, slug: str) -> Any:
    """Who waits, in the order of turn, each with the reason in words."""
    who = member(request, slug, *COUNTER)
    seen = hall(who.office, now=now())
    return [
        {
            "ticket": ticket.pk,
            "number": ticket.label,
            "service": seen.office.services[ticket.service_id].code,
            "booked": ticket.booked_from is not None,
            "since": ticket.issued_at.astimezone(who.office.tz),
            "reason": sentence(chosen.reason.payload(), seen.office),
        }
        for chosen in seen.order
        if (ticket := seen.tickets.get(chosen.ticket))
    ]


@router.get(
    "/offices/{slug}/missed", response={200: list[schemas.MissedOut], PROBLEMS: schemas.Problem}
)
def missed(request: HttpRequest, slug: str) -> Any:
    """Who was called today and did not come, the last called first."""
    who = member(request, slug, *COUNTER, *DESK)
    return [
        {
            "ticket": one.ticket.pk,
            "number": one.ticket.label,
            "service": one.service.code,
            "booked": one.ticket.booked_from is not None,
            "called_at": one.called_at.astimezone(who.office.tz),
            "counter": one.counter.code,
            "may_return": one.may_return,
            "pin_until": one.pin_until and one.pin_until.astimezone(who.office.tz),
        }
        for one in missed_of_today(who.office, now=now())
    ]


@router.post(
    "/offices/{slug}/missed/{ticket}/return",
    response={200: schemas.WaitingOut, PROBLEMS: schemas.Problem},
)
def return_missed(request: HttpRequest, slug: str, ticket: int) -> Any:
    """Put a missed ticket back into the queue, right after those that came back before it."""
    who = member(request, slug, *COUNTER, *DESK)
    try:
        found = turns.return_missed(office=who.office, ticket=ticket, now=now(), actor=who.user)
    except Ticket.DoesNotExist:
        raise NotFound from None
    place = discipline.turn(turns.as_waiting(found), turns.policy_of(who.office), now())
    return {
        "ticket": found.pk,
        "number": found.label,
        "service": who.office.services[found.service_id].code,
        "booked": found.booked_from is not None,
        "since": found.issued_at.astimezone(who.office.tz),
        "reason": sentence(place.reason.payload(), who.office),
    }


@router.post("/offices/{slug}/counters/{code}/open", response=SHIFT)
def open_counter(request: HttpRequest, slug: str, code: str, key: UUID | None = KEY) -> Any:
    """Sit down at a counter."""
    who = member(request, slug, *COUNTER)
    counter = next((c for c in who.office.open_counters() if c.code == code), None)
    if counter is None:
        raise NotFound
    return _once(
        request, who, key, lambda: counters.open_counter(counter=counter, clerk=who.user, now=now())
    )


@router.get(
    "/offices/{slug}/counters",
    response={200: list[schemas.OpenCounterOut], PROBLEMS: schemas.Problem},
)
def open_ones(request: HttpRequest, slug: str) -> Any:
    """The open counters: who is there, since when, the last step, the client."""
    who = member(request, slug, *MAY_TAKE_OVER)
    zone = who.office.tz
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
        for row in open_counters(who.office)
    ]


@router.post("/offices/{slug}/counters/{code}/take-over", response=SHIFT)
def take_over(
    request: HttpRequest, slug: str, code: str, said: schemas.LeftIn, key: UUID | None = KEY
) -> Any:
    """Work at a counter that a colleague left open; the client may stay there (`fate` stays)."""
    who = member(request, slug, *COUNTER)
    return _once(
        request,
        who,
        key,
        lambda: counters.take_over_counter(
            office=who.office,
            shift=_shift_at(who, code),
            clerk=who.user,
            client=said.client,
            fate=said.fate,
            now=now(),
        ),
    )


@router.post("/offices/{slug}/counters/{code}/close", response=SHIFT)
def close_left(
    request: HttpRequest, slug: str, code: str, said: schemas.LeftIn, key: UUID | None = KEY
) -> Any:
    """Close a counter that a colleague left open, and say what became of its client."""
    who = member(request, slug, *MAY_TAKE_OVER)
    return _once(
        request,
        who,
        key,
        lambda: counters.close_left_counter(
            office=who.office,
            shift=_shift_at(who, code),
            actor=who.user,
            client=said.client,
            fate=said.fate,
            now=now(),
        ),
    )


@router.get("/offices/{slug}/counter", response=SHIFT)
def my_counter(request: HttpRequest, slug: str) -> Any:
    """The counter of this member of staff, and the client at it."""
    return _shown(member(request, slug, *COUNTER))


@router.post("/offices/{slug}/counter/{action}", response=SHIFT)
def act(
    request: HttpRequest,
    slug: str,
    action: str,
    said: schemas.StepIn | None = None,
    key: UUID | None = KEY,
) -> Any:
    """One step of the clerk.

    `action` is next, pick (`ticket`), recall, start, finish, no-show, park (`minutes`), transfer
    (`service`, `counter` or both), undo, pause, resume or close.
    """
    who = member(request, slug, *COUNTER)
    if action not in STEPS:
        raise NotFound
    wanted = said or schemas.StepIn(minutes=None)
    return _once(request, who, key, lambda: _step(who, action, wanted), action)


def _step(who: Staff, action: str, wanted: schemas.StepIn) -> Any:
    try:
        return STEPS[action](who, wanted)
    except CounterNotOpen:
        # A colleague may have taken the counter over, or closed it.
        raise no_counter(who.office, who.user, now()) from None


def _once(
    request: HttpRequest, who: Staff, key: UUID | None, do: Callable[[], Any], action: str = ""
) -> Any:
    return once(
        request,
        principal=who.principal,
        key=key,
        now=now(),
        work=do,
        shown=lambda done: _after(who, action, done),
    )


def _turn(use_case: Callable[..., Ticket]) -> Callable[[Staff, schemas.StepIn], Any]:
    step = part(use_case)
    return lambda who, _: step(office=who.office, clerk=who.user, now=now())


def _pick(who: Staff, said: schemas.StepIn) -> Ticket:
    if said.ticket is None:
        raise NotUnderstood
    try:
        return turns.call_by_hand(office=who.office, clerk=who.user, ticket=said.ticket, now=now())
    except Ticket.DoesNotExist:
        raise NotFound from None


def _park(who: Staff, said: schemas.StepIn) -> None:
    if said.minutes is None:
        raise NotUnderstood
    turns.park(office=who.office, clerk=who.user, minutes=said.minutes, now=now())


def _transfer(who: Staff, said: schemas.StepIn) -> None:
    service = who.office.service_by_code(said.service) if said.service else None
    counter = _counter(who, said.counter) if said.counter else None
    if service is None and counter is None:
        raise NotUnderstood
    turns.transfer(office=who.office, clerk=who.user, service=service, counter=counter, now=now())


def _counter(who: Staff, code: str) -> Counter:
    found = next((c for c in who.office.open_counters() if c.code == code), None)
    if found is None:
        raise NotFound
    return found


def _shift(who: Staff) -> Shift:
    found = Shift.objects.filter(office=who.office.office, clerk=who.user, closed_at=None).first()
    if found is None:
        raise CounterNotOpen
    return found


def _shift_at(who: Staff, code: str) -> int:
    """The shift at a counter; one that was closed meanwhile is refused as such."""
    counter = _counter(who, code)
    shift = Shift.objects.filter(office=who.office.office, counter=counter, closed_at=None).first()
    if shift is None:
        raise CounterClosedAlready
    return shift.pk


CALLS = ("next", "pick")
STEPS: dict[str, Callable[[Staff, schemas.StepIn], Any]] = {
    "next": _turn(turns.call_next),
    "pick": _pick,
    "recall": _turn(turns.recall),
    "start": _turn(turns.start_serving),
    "finish": _turn(turns.finish),
    "no-show": _turn(turns.no_show),
    "park": _park,
    "transfer": _transfer,
    "undo": _turn(turns.undo),
    "pause": lambda who, _: counters.pause_counter(shift=_shift(who), now=now()),
    "resume": lambda who, _: counters.resume_counter(shift=_shift(who), now=now()),
    "close": lambda who, _: counters.close_counter(shift=_shift(who), now=now()),
}


def _after(who: Staff, action: str, done: object) -> dict[str, Any]:
    """The counter after the step; a call has said all of it, for no paused counter calls."""
    if action in CALLS and isinstance(done, Ticket) and done.counter_id:
        return _as_json(who, done.counter_id, done, paused=False)
    return _shown(who)


def _shown(who: Staff) -> dict[str, Any]:
    """The counter as JSON can carry it, because the answer may have to be said again."""
    with connection.cursor() as cursor:  # it is hot, and others may wait for its transaction
        cursor.execute(SHOWN, [who.office.office.pk, who.user])
        found = cursor.fetchone()
    if found is None:
        return {"counter": None, "paused": False, "client": None}
    counter, paused, *row = found
    return _as_json(who, counter, of_row(Ticket, row) if row[0] else None, paused=paused)


def _as_json(who: Staff, counter: int, client: Ticket | None, *, paused: bool) -> dict[str, Any]:
    return {
        "counter": who.office.counters[counter].code,
        "paused": paused,
        "client": client
        and {
            "ticket": client.pk,
            "number": client.label,
            "service": who.office.services[client.service_id].code,
            "state": client.state,
            "language": client.language,
            "persons": client.persons,
            "booked": client.booked_from is not None,
            "reason": sentence(client.reason, who.office),
        },
    }


SHOWN = (
    f"SELECT s.counter_id, s.paused_at IS NOT NULL, {columns(Ticket, 't')}"  # noqa: S608  # ours
    " FROM queueing_shift s LEFT JOIN queueing_ticket t"
    " ON t.counter_id = s.counter_id AND t.state IN ('called', 'serving')"
    " WHERE s.office_id = %s AND s.clerk_id = %s AND s.closed_at IS NULL"
)
