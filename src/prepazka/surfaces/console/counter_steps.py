"""Steps of a clerk at a counter: each runs one use-case and returns a sentence on its outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from prepazka.core import reading
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, presses, turns
from prepazka.queueing.models import Shift, Ticket
from prepazka.queueing.refusals import NotAtCounter, NotServedHere, WaitingHereAlone
from prepazka.surfaces.console.board import PARK_MINUTES, at_counter, current_shift, local_clock
from prepazka.web.staff_access import no_counter


@dataclass(frozen=True)
class Press:
    """One press of a button by a clerk."""

    office: OfficeSnapshot
    clerk: int
    shift: Shift
    form: QueryDict
    now: datetime

    def number(self, name: str) -> int:
        """A whole number of the form; 404 for anything else."""
        number = reading.read_whole_number(self.form.get(name, ""))
        if number is None:
            raise Http404(name)
        return number


def take_step(
    name: str,
    *,
    office: OfficeSnapshot,
    clerk: int,
    form: QueryDict,
    now: datetime,
    ticket: str = "",
) -> str:
    """Do the step; returns the sentence for the clerk. Raises the use-case's refusals.

    `ticket` is the id of the client shown when the clerk pressed: NotAtCounter is raised if
    another client is at the counter by now.
    """
    if name not in STEPS:
        raise Http404(name)
    shift = current_shift(office, clerk)
    if shift is None:
        raise no_counter(office, clerk, now)
    if ticket:
        present = at_counter(shift)
        if present is None or str(present.pk) != ticket:
            raise NotAtCounter
    return STEPS[name](Press(office, clerk, shift, form, now))


# What the clerk reads after a step that needs no further input.
SENTENCES = {
    "next": gettext_noop("Called: %(number)s"),
    "recall": gettext_noop("Called again: %(number)s"),
    "start": gettext_noop("%(number)s is being served"),
    "finish": gettext_noop("%(number)s is finished"),
    "absent": gettext_noop("%(number)s did not come"),
    "undo": gettext_noop("Undone: %(number)s is as before"),
    "pause": gettext_noop("The counter is on a break"),
    "resume": gettext_noop("The break is over"),
    "close": gettext_noop("The counter is closed"),
}


def _client_step(name: str, **more: str) -> Callable[[Press], str]:
    def step(press: Press) -> str:
        ticket = presses.CLIENT_STEPS[name](
            office=press.office, clerk=press.clerk, now=press.now, **more
        )
        return _(SENTENCES[name]) % {"number": ticket.label}

    return step


def _counter_step(name: str) -> Callable[[Press], str]:
    def step(press: Press) -> str:
        presses.COUNTER_STEPS[name](shift=press.shift, now=press.now)
        return _(SENTENCES[name])

    return step


def _pick(press: Press) -> str:
    try:
        ticket = turns.call_by_hand(
            office=press.office, clerk=press.clerk, ticket=press.number("ticket"), now=press.now
        )
    except Ticket.DoesNotExist:
        raise Http404 from None
    return _("Called manually: %(number)s") % {"number": ticket.label}


def _park(press: Press) -> str:
    minutes = press.number("minutes")
    if minutes not in PARK_MINUTES:
        raise Http404(str(minutes))
    ticket = turns.park_client(
        office=press.office, clerk=press.clerk, minutes=minutes, now=press.now
    )
    until = local_clock(press.office, ticket.parked_until) if ticket.parked_until else ""
    return _("%(number)s is on hold until %(until)s") % {"number": ticket.label, "until": until}


def _transfer(press: Press) -> str:
    """Transfer to the form's `to`, which is `service:ID` or `counter:ID`."""
    kind, _sep, number = press.form.get("to", "").partition(":")
    target = reading.read_whole_number(number) or 0
    service = press.office.services.get(target) if kind == "service" else None
    counter = press.office.counters.get(target) if kind == "counter" else None
    if service is None and counter is None:
        raise NotServedHere
    ticket = turns.transfer_client(
        office=press.office, clerk=press.clerk, service=service, counter=counter, now=press.now
    )
    return _("%(number)s is sent to: %(where)s") % {
        "number": ticket.label,
        "where": service.name if service else counter and counter.name,
    }


def _undo(press: Press) -> str:
    return _client_step("undo", press=press.form.get("press", ""))(press)


def _close(press: Press) -> str:
    """Close the counter; needs `sure` if people wait whom no other open counter serves."""
    if "sure" not in press.form:
        alone = counters.waiting_here_alone(press.office, press.shift, press.now)
        if alone:
            raise WaitingHereAlone(n=alone)
    return _counter_step("close")(press)


STEPS: dict[str, Callable[[Press], str]] = {
    **{name: _client_step(name) for name in presses.CLIENT_STEPS},
    **{name: _counter_step(name) for name in presses.COUNTER_STEPS},
    "pick": _pick,
    "park": _park,
    "transfer": _transfer,
    "undo": _undo,  # may name the press to undo
    "close": _close,  # asks first
}
