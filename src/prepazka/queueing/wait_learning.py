"""Learning of the wait estimate from an office's tickets, and its calibration by misses.

Of the services finished in the last eight weeks those count that lasted from 0.3 to 180 minutes
and lie within four standard deviations of their kind: the others are wrong or forgotten presses.
A service seen fewer than thirty times borrows the shape of the others and is called thin.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import F

from prepazka.booking.models import Booking, BookingState
from prepazka.core import calendar
from prepazka.core.hall_model import USUAL_OFFSETS
from prepazka.core.learned_durations import (
    Calibration,
    Finished,
    ServiceTimes,
    arrival_offsets,
    fit_service_times,
    no_show_share,
    walk_away_shares,
)
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import models
from prepazka.queueing.models import Ticket, TicketState

LEARN_FROM = timedelta(weeks=8)
MOST_LEARNED = 40_000
LOOK_EVERY = 30.0  # seconds between looks whether the worker has learned anew
GONE_EDGES = (15.0, 30.0, 60.0, 90.0)
POINTS = 64  # of a shape, as it is stored
GAMMA = 0.02  # of the calibration of one service
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Known:
    """What has been learned about an office."""

    times: ServiceTimes
    shows_up: float
    offsets: Sequence[float]
    gone_edges: Sequence[float]
    gone: Sequence[float]


_known: dict[int, tuple[float, int, datetime | None, Known]] = {}


def learned_times(office: OfficeSnapshot) -> Known:
    """What has been learned about the office, or its configured values; cached in the process."""
    pk, version = office.office_id, office.row.version
    cached = _known.get(pk)
    if cached and cached[1] == version and time.monotonic() - cached[0] < LOOK_EVERY:
        return cached[3]
    rows = models.Learned.objects.filter(office=pk)
    learned_at = rows.values_list("learned_at", flat=True).first()
    if cached and cached[1:3] == (version, learned_at):
        learned = cached[3]
    else:
        stored = rows.values_list("data", flat=True).first() if learned_at else None
        learned = _from_json(office, stored or {})
    _known[pk] = (time.monotonic(), version, learned_at, learned)
    return learned


def calibrations_of(office: OfficeSnapshot) -> dict[int, Calibration]:
    """The calibration of each service that has one. One SQL statement."""
    rows = models.Calibration.objects.filter(office=office.row)
    return {
        service: Calibration(theta, GAMMA)
        for service, theta in rows.values_list("service", "theta")
    }


def learn_service_times(*, office: OfficeSnapshot, now: datetime) -> None:
    """Learn from the last weeks and store it; may be repeated."""
    since = calendar.day_of(now, office.tz) - LEARN_FROM
    tickets = Ticket.objects.filter(office=office.row, date__gte=since)
    finished = (
        tickets.filter(state=TicketState.FINISHED, serving_at__isnull=False)
        .annotate(lasted=F("ended_at") - F("serving_at"))
        .order_by("-ended_at")
        .values_list("service_id", "clerk_id", "lasted", "date")[:MOST_LEARNED]
    )
    times = fit_service_times(
        (Finished(s, c, lasted / MINUTE, day.toordinal()) for s, c, lasted, day in finished),
        _configured_minutes(office),
        _agendas(office),
    )
    called = tickets.filter(called_at__isnull=False, returned_at=None).values_list(
        "issued_at", "called_at", "state"
    )[:MOST_LEARNED]
    came, booked, offsets = _arrivals_of_booked(office, since, now)
    content = _to_json(times) | {
        "gone": walk_away_shares(
            ((c - i) / MINUTE, state == TicketState.NO_SHOW) for i, c, state in called if c
        ),
        "no_show": no_show_share(came, booked),
        "offsets": [round(offset, 1) for offset in arrival_offsets(offsets, USUAL_OFFSETS)],
    }
    models.Learned.objects.update_or_create(
        office=office.row, defaults={"learned_at": now, "data": content}
    )


def store_announced_wait(*, ticket: Ticket, p20: float, p50: float, p80: float) -> None:
    """Store the wait announced when the ticket was issued; the first announcement stays."""
    rows = Ticket.objects.filter(pk=ticket.pk, p80=None, called_at=None, judged=False)
    if rows.update(p20=p20, p50=p50, p80=p80):
        ticket.p20, ticket.p50, ticket.p80 = p20, p50, p80


@transaction.atomic
def calibrate_estimates(*, office: Office) -> int:
    """Correct the calibrations by the tickets called since; returns how many there were.

    Tickets that were put aside or sent on are marked as judged and change nothing, because their
    wait was not that of the queue.
    """
    Office.objects.select_for_update(no_key=True).get(pk=office.pk)  # one judge at a time
    due = Ticket.objects.filter(
        office=office, judged=False, p80__isnull=False, called_at__isnull=False
    )
    rows = list(
        due.order_by("called_at", "pk").values_list(
            "pk", "service_id", "issued_at", "called_at", "p80", "returned_at"
        )
    )
    if not rows:
        return 0
    calibrations = {c.service_id: c for c in models.Calibration.objects.filter(office=office)}
    for _, service, issued, called, p80, returned in rows:
        if returned is None and called and p80 is not None:
            row = calibrations.setdefault(
                service, models.Calibration(office=office, service_id=service)
            )
            missed = (called - issued) / MINUTE > p80
            row.theta = Calibration(row.theta, GAMMA).after(missed=missed).theta
            row.judged += 1
    for row in calibrations.values():
        row.save()
    Ticket.objects.filter(pk__in=[row[0] for row in rows]).update(judged=True)
    return len(rows)


def _arrivals_of_booked(
    office: OfficeSnapshot, since: Any, now: datetime
) -> tuple[int, int, list[float]]:
    """How many booked clients came, of how many, and their minutes from the window's start."""
    came = (BookingState.ARRIVED, BookingState.SERVED)
    rows = Booking.objects.filter(
        office=office.row,
        date__gte=since,
        ends_at__lte=now,
        state__in=(*came, BookingState.NO_SHOW),
    ).values_list("arrived_at", "starts_at")[:MOST_LEARNED]
    offsets = [(arrived - start) / MINUTE for arrived, start in rows if arrived]
    return len(offsets), len(rows), offsets


def _configured_minutes(office: OfficeSnapshot) -> dict[int, float]:
    return {s.pk: float(s.duration_min) for s in office.services.values()}


def _agendas(office: OfficeSnapshot) -> dict[int, int]:
    return {s.pk: s.agenda_id for s in office.services.values()}


def _to_json(times: ServiceTimes) -> dict[str, Any]:
    """The learned times as JSON; a distribution by POINTS of its quantiles."""
    at = (np.arange(POINTS) + 0.5) / POINTS
    return {
        "centre": [[s, round(x, 4)] for s, x in times.centre.items()],
        "shape": [
            [s, [round(float(x), 3) for x in np.quantile(shape, at)]]
            for s, shape in times.shape.items()
            if times.seen.get(s)
        ],
        "clerks": [[c, round(x, 4)] for c, x in times.clerks.items()],
        "seen": [[s, n] for s, n in times.seen.items()],
        "sd": times.sd,
        "day_sd": times.day_sd,
    }


def _from_json(office: OfficeSnapshot, stored: Mapping[str, Any]) -> Known:
    usual = fit_service_times((), _configured_minutes(office), _agendas(office))
    if not stored:
        return Known(usual, 1 - no_show_share(0, 0), USUAL_OFFSETS, (), (0.0,))
    times = ServiceTimes(
        {**usual.centre, **dict(stored["centre"])},
        {**usual.shape, **{s: np.array(shape) for s, shape in stored["shape"]}},
        dict(stored["clerks"]),
        {**usual.seen, **dict(stored["seen"])},
        stored["sd"],
        stored["day_sd"],
    )
    return Known(times, 1 - stored["no_show"], stored["offsets"], GONE_EDGES, stored["gone"])
