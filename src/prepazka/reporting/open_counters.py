"""Open counters with their clerks, and how a clerk's shift was ended by others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from prepazka.accounts.models import User
from prepazka.journal.models import Event
from prepazka.offices.models import Counter, Membership, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.counters import last_step_at
from prepazka.queueing.models import AT_COUNTER, Shift, Ticket

TODAY = timedelta(hours=16)  # the longest shift
ENDS = ("CounterClosed", "CounterTakenOver", "LeftCounterClosed")


@dataclass(frozen=True)
class OpenCounter:
    """An open counter with its clerk, client and last step."""

    counter: Counter
    shift: Shift
    clerk: str
    client: Ticket | None
    last_step_at: datetime
    services: list[Service]


@dataclass(frozen=True)
class Ending:
    """How a clerk's shift was ended by somebody else."""

    taken_over: bool
    at: datetime
    by: str  # name; empty: it closed by itself after the office's hours


def open_counters(office: OfficeSnapshot) -> list[OpenCounter]:
    """The open counters in their order."""
    shifts = list(Shift.objects.filter(office=office.row, closed_at=None))
    shifts.sort(key=lambda shift: office.counters[shift.counter_id].position)
    names = names_of(office, {shift.clerk_id for shift in shifts})
    present = Ticket.objects.filter(office=office.row, state__in=AT_COUNTER)
    clients = {ticket.counter_id: ticket for ticket in present}
    return [
        OpenCounter(
            counter=office.counters[shift.counter_id],
            shift=shift,
            clerk=names[shift.clerk_id],
            client=clients.get(shift.counter_id),
            last_step_at=last_step_at(shift),
            services=[
                s for s in office.offered_services() if s.pk in office.serves[shift.counter_id]
            ],
        )
        for shift in shifts
    ]


def ended_without(office: OfficeSnapshot, clerk: int, now: datetime) -> Ending | None:
    """How the clerk's last shift was ended by somebody else; None if by the clerk."""
    ends = Event.objects.filter(
        office=office.office_id, kind__in=ENDS, at__gt=now - TODAY, data__clerk=clerk
    )
    last_ending = ends.order_by("-at", "-id").first()
    if last_ending is None or last_ending.actor == clerk:
        return None
    by = names_of(office, {last_ending.actor})[last_ending.actor] if last_ending.actor else ""
    return Ending(last_ending.kind == "CounterTakenOver", last_ending.at, by)


def names_of(office: OfficeSnapshot, users: set[int]) -> dict[int, str]:
    """The names of staff in this office; for former staff the name of the account."""
    gone = dict(User.objects.filter(pk__in=users).values_list("pk", "username"))
    members = Membership.objects.filter(office=office.row, user__in=users)
    return dict.fromkeys(users, "") | gone | dict(members.values_list("user_id", "name"))
