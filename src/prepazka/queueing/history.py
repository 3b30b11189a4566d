"""History of the live view in quarters of an hour, and the accuracy of estimates by day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import F, Sum

from prepazka.core import calendar
from prepazka.core.announcing import Expected
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Accuracy, QuarterHour, Ticket

QUARTER = timedelta(minutes=15)
KEPT = timedelta(days=90)
MEASURED_BACK = 3  # days measured anew each night, in case a night was missed
MINUTE = timedelta(minutes=1)


def quarter_of(now: datetime) -> datetime:
    """The start of the quarter of an hour."""
    return now - timedelta(seconds=now.timestamp() % QUARTER.total_seconds())


def store_quarter(*, rows: Iterable[QuarterHour]) -> None:
    """Store the live view of a quarter of an hour; rows that exist stay."""
    QuarterHour.objects.bulk_create(rows, ignore_conflicts=True)


def delete_old_quarters(*, now: datetime) -> None:
    """Delete the history older than KEPT."""
    QuarterHour.objects.filter(at__lt=now - KEPT).delete()


def measure_accuracy(*, office: OfficeSnapshot, now: datetime) -> None:
    """Store the accuracy of the last days' announced waits; may be repeated."""
    today = calendar.day_of(now, office.tz)
    for back in range(1, MEASURED_BACK + 1):
        _measure_day(office, today - timedelta(days=back))


@dataclass
class _Sums:
    tickets: int = 0
    error_min: float = 0.0
    waited_min: float = 0.0
    inside: int = 0
    held: int = 0

    def add(self, announced: Expected, waited: float) -> None:
        low, high = announced.span
        self.tickets += 1
        self.error_min += abs(waited - announced.p50)
        self.waited_min += waited
        # The last minute of a span counts whole: announced 10 min and waited 10:30 is inside.
        self.inside += low <= waited < high + 1
        self.held += waited <= announced.p80


def _measure_day(office: OfficeSnapshot, day: date) -> None:
    """Store a day's accuracy, of tickets called once and never put aside by their holder."""
    rows = (
        Ticket.objects.filter(
            office=office.row,
            date=day,
            p80__isnull=False,
            called_at__isnull=False,
            returned_at=None,
        )
        .annotate(waited=F("called_at") - F("issued_at"))
        .values_list("service_id", "p20", "p50", "p80", "waited")
    )
    sums_by_service: dict[int, _Sums] = {}
    for service, p20, p50, p80, waited in rows:
        assert p20 is not None and p50 is not None and p80 is not None  # noqa: S101, PT018  # together
        sums_by_service.setdefault(service, _Sums()).add(Expected(p20, p50, p80), waited / MINUTE)
    for service, sums in sums_by_service.items():
        Accuracy.objects.update_or_create(
            service_id=service, date=day, defaults={"office": office.row, **vars(sums)}
        )


@dataclass(frozen=True)
class Score:
    """The estimate's accuracy: mean error and wait in minutes, shares from 0 to 1."""

    tickets: int
    error: float
    waited: float
    inside: float
    held: float


@dataclass(frozen=True)
class Scores:
    """The scores of the office and of each of its services."""

    days: int
    whole: Score | None = None
    services: dict[int, Score] = field(default_factory=dict)


def estimate_scores(office: OfficeSnapshot, *, now: datetime, days: int = 7) -> Scores:
    """The estimate's scores of the last days without today. One SQL statement."""
    today = calendar.day_of(now, office.tz)
    sums = [Sum(name) for name in ("tickets", "error_min", "waited_min", "inside", "held")]
    rows = (
        Accuracy.objects.filter(
            office=office.row, date__lt=today, date__gte=today - timedelta(days=days)
        )
        .order_by("service")
        .values_list("service")
        .annotate(*sums)
    )
    sums_by_service = {service: service_sums for service, *service_sums in rows}
    if not sums_by_service:
        return Scores(days)
    office_sums = [sum(column) for column in zip(*sums_by_service.values(), strict=True)]
    return Scores(
        days,
        _score(office_sums),
        {service: _score(sums) for service, sums in sums_by_service.items()},
    )


def _score(sums: list[float]) -> Score:
    tickets, error, waited, inside, held = sums
    return Score(int(tickets), error / tickets, waited / tickets, inside / tickets, held / tickets)
