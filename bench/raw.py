"""The limits of the database: the statements of our use-cases, by psycopg alone, nothing else."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg

if TYPE_CHECKING:  # the processes started here know nothing of Django
    from prepazka.offices.office_snapshot import OfficeSnapshot

LIVE = "('held', 'unconfirmed', 'confirmed', 'arrived', 'served')"


def booking_pairs_per_second(where: OfficeSnapshot, starts: Iterator[str], seconds: float) -> float:
    """Hold and confirm, sixteen clients in four processes."""
    service = where.offered_services()[0]
    wanted = [starts for _, starts in zip(range(40_000), starts, strict=False)]
    arguments = (where.office.pk, service.pk, service.agenda_id, wanted)
    return _rate(_booking, arguments, seconds)


def tickets_per_second(where: OfficeSnapshot, seconds: float) -> float:
    """Number, ticket, event: sixteen clients in four processes, four letters."""
    services = [s.pk for s in where.offered_services()]
    return _rate(_tickets, (where.office.pk, services), seconds)


def calls_p99(where: OfficeSnapshot, seconds: float) -> float:
    """Lock the queue, read it, write one call: the 99th percentile in ms with eight clients."""
    with get_context("spawn").Pool(2) as pool:
        found = pool.starmap(_calls, [(where.office.pk, seconds)] * 2)
    ranked = sorted(one for some in found for one in some)
    return ranked[int(0.99 * len(ranked))] * 1000


def _rate(work: Callable[..., int], arguments: tuple[object, ...], seconds: float) -> float:
    with get_context("spawn").Pool(4) as pool:
        done = pool.starmap(work, [(*arguments, part, seconds) for part in range(4)])
    return sum(done) / seconds


def _threads(many: int, run: Callable[[psycopg.Connection, int], None]) -> None:
    def one(number: int) -> None:
        with psycopg.connect(os.environ["DATABASE_URL"], prepare_threshold=3) as link:
            run(link, number)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _booking(
    office: int, service: int, agenda: int, wanted: list[str], part: int, seconds: float
) -> int:
    done, until = [0] * 4, time.perf_counter() + seconds
    now = datetime.now(UTC)

    def run(link: psycopg.Connection, number: int) -> None:
        mine = iter(wanted[part * 4 + number :: 16])
        while time.perf_counter() < until:
            starts = datetime.fromisoformat(next(mine))
            try:
                with link.transaction():
                    pk = _hold(link, office, service, agenda, starts, now)
                with link.transaction():
                    _confirm(link, office, pk, now)
            except psycopg.errors.ExclusionViolation:
                continue  # the same start was drawn twice; the lane is chosen blindly here
            done[number] += 1

    _threads(4, run)
    return sum(done)


def _hold(
    link: psycopg.Connection,
    office: int,
    service: int,
    agenda: int,
    starts: datetime,
    now: datetime,
) -> object:
    day = starts.date()
    link.execute(
        "SELECT 1 FROM booking_officeday WHERE office_id = %s AND date = %s FOR NO KEY UPDATE",
        [office, day],
    ).fetchall()
    link.execute(
        "UPDATE booking_booking SET state = 'expired', expires_at = NULL WHERE"
        " office_id = %s AND date = %s AND state IN ('held', 'unconfirmed')"
        " AND expires_at <= %s",
        [office, day, now],
    )
    taken = (
        link.execute(
            "SELECT bit_or(1::bigint << l.number::int) FROM booking_booking b JOIN booking_lane l"
            " ON l.id = b.lane_id AND l.agenda_id = %s WHERE b.office_id = %s AND b.date = %s"
            f" AND b.state IN {LIVE} AND b.starts_at = %s",
            [agenda, office, day, starts],
        ).fetchone()[0]
        or 0
    )
    number = (~taken & -~taken).bit_length() - 1
    pk = uuid4()
    link.execute(
        "INSERT INTO booking_booking (id, office_id, service_id, lane_id, date, starts_at, ends_at,"
        " state, expires_at, extended, persons, channel, language, pin, sequence, late, name, email,"
        " phone, contact_hash, created_at, mode) SELECT %s, %s, %s, l.id, %s, %s, %s, 'held', %s, 0, 1,"
        " 'api', 'cs', '', 0, false, '', '', '', '', %s, 'person' FROM booking_lane l"
        " WHERE l.agenda_id = %s AND l.number = %s",
        [
            pk,
            office,
            service,
            day,
            starts,
            starts + timedelta(minutes=15),
            now + timedelta(minutes=10),
            now,
            agenda,
            number,
        ],
    )
    _event(link, office, "BookingHeld", now)
    return pk


def _confirm(link: psycopg.Connection, office: int, pk: object, now: datetime) -> None:
    link.execute(
        "SELECT b.date FROM booking_booking b JOIN booking_officeday d ON d.office_id ="
        " b.office_id AND d.date = b.date WHERE b.id = %s FOR NO KEY UPDATE OF d",
        [pk],
    )
    link.execute("SELECT * FROM booking_booking WHERE id = %s", [pk]).fetchone()
    contact = uuid4().hex * 2
    link.execute(
        "SELECT count(*) FROM booking_booking WHERE office_id = %s AND contact_hash = %s"
        " AND state IN ('unconfirmed', 'confirmed')",
        [office, contact],
    ).fetchone()
    pin = f"{uuid4().int % 10_000:04}"
    used = link.execute(
        "SELECT 1 FROM booking_booking WHERE office_id = %s AND pin = %s", [office, pin]
    ).fetchone()
    link.execute(
        "UPDATE booking_booking SET state = 'confirmed', confirmed_at = %s,"
        " expires_at = NULL, pin = %s, name = 'J', email = 'j@example.cz',"
        " contact_hash = %s WHERE id = %s",
        [now, "" if used else pin, contact, pk],
    )
    _event(link, office, "BookingConfirmed", now)
    link.execute(
        "INSERT INTO procrastinate_jobs (task_name, queue_name, args, status)"
        " VALUES ('raw', 'raw', '{}', 'cancelled')"
    )


def _tickets(office: int, services: list[int], part: int, seconds: float) -> int:
    done, until = [0] * 4, time.perf_counter() + seconds
    now = datetime.now(UTC)

    def run(link: psycopg.Connection, number: int) -> None:
        letter = "ABCD"[number]
        while time.perf_counter() < until:
            with link.transaction():
                given = link.execute(
                    "INSERT INTO queueing_numberseries (office_id, date, letter, last)"
                    " VALUES (%s, %s, %s, 1) ON CONFLICT (office_id, date, letter)"
                    " DO UPDATE SET last = queueing_numberseries.last + 1 RETURNING last",
                    [office, now.date(), letter],
                ).fetchone()[0]
                link.execute(
                    "INSERT INTO queueing_ticket (office_id, date, letter, number, service_id, late,"
                    " statutory, persons, language, code, touch, state, reason, calls, issued_at, judged)"
                    " VALUES (%s, %s, %s, %s, %s, false, false, 1, 'cs', %s, %s, 'waiting', '{}', 0, %s, false)",
                    [
                        office,
                        now.date(),
                        letter,
                        given,
                        services[number],
                        uuid4().hex[:16],
                        uuid4(),
                        now,
                    ],
                )
                _event(link, office, "TicketIssued", now)
            done[number] += 1

    _threads(4, run)
    return sum(done)


def _calls(office: int, seconds: float) -> list[float]:
    took: list[float] = []
    until, now = time.perf_counter() + seconds, datetime.now(UTC)

    def run(link: psycopg.Connection, number: int) -> None:
        while time.perf_counter() < until:
            started = time.perf_counter()
            with link.transaction():
                link.execute(
                    "SELECT 1 FROM queueing_queue WHERE office_id = %s FOR NO KEY UPDATE", [office]
                ).fetchall()
                rows = link.execute(
                    "SELECT id, service_id, issued_at, booked_from FROM"
                    " queueing_ticket WHERE office_id = %s AND state IN"
                    " ('waiting', 'parked')",
                    [office],
                ).fetchall()
                link.execute(
                    "UPDATE queueing_ticket SET recalled_at = %s WHERE id = %s", [now, min(rows)[0]]
                )
                _event(link, office, "TicketCalled", now)
            took.append(time.perf_counter() - started)

    _threads(4, run)
    return took


def _event(link: psycopg.Connection, office: int, kind: str, now: datetime) -> None:
    link.execute(
        "WITH written AS (INSERT INTO journal_event (office, kind, at, data) VALUES"
        " (%s, %s, %s, '{}') RETURNING id) SELECT id, pg_notify('raw', '{}')"
        " FROM written",
        [office, kind, now],
    ).fetchone()
