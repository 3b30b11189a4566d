"""The search of whoever answers the telephone, among a million past bookings."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import psycopg
from django.db import connection

from bench import town
from bench.report import Report
from prepazka.core.booking_reference import reference_of
from prepazka.offices.models import Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting.search import find_bookings

PAST, BESIDE, OFFICES = 1_000_000, 10_000, 20
RUNS = 40
# A third has one of ten surnames, the others have one of 3,375.
COMMON = "Nováková Novotná Novák Svobodová Dvořák Černý Procházka Kučerová Veselý Horáková".split()
GIVEN = "Jana Marie Jiří Petr Eva Jan Hana Pavel Lenka Tomáš".split()
SYLLABLES = "ba ce di ho ja ko le ma no pe ra si to vy za".split()

FILL = """
    INSERT INTO booking_booking (id, office_id, service_id, lane_id, date, starts_at, ends_at, state,
        extended, persons, channel, language, pin, sequence, late, name, email, phone,
        contact_hash, created_at, requested_at, confirmed_at, mode)
    SELECT gen_random_uuid(), %(office)s, %(service)s, %(lane)s, (at AT TIME ZONE 'UTC')::date,
           at, at + interval '5 minutes', 'no_show', 0, 1, 'phone', 'cs',
           CASE WHEN n <= %(named)s THEN lpad((n * 7 %% 10000)::text, 4, '0') ELSE '' END,
           0, false,
           CASE WHEN n > %(named)s THEN '' ELSE
             (%(given)s::text[])[1 + n %% 10] || ' ' ||
             CASE WHEN n %% 3 = 0 THEN (%(common)s::text[])[1 + n / 10 %% 10]
                  ELSE initcap((%(part)s::text[])[1 + n * 7 %% 15]
                               || (%(part)s::text[])[1 + n / 15 %% 15]
                               || (%(part)s::text[])[1 + n / 225 %% 15]) || 'ek' END END,
           CASE WHEN n <= %(named)s THEN 'jana' || n || '@example.cz' ELSE '' END,
           CASE WHEN n <= %(named)s THEN '+420' || (600000000 + n * 97) ELSE '' END,
           '', at, at, at, 'person'
      FROM (SELECT n, %(now)s::timestamptz - n * interval '5 minutes' AS at
              FROM generate_series(1, %(many)s) AS n) AS made
"""


def search(report: Report) -> None:
    """Each kind of question, where nothing was ever erased, which is the worst case."""
    now = datetime.now(UTC)
    where, usual = town.office("search", lanes=1), town.office("search-usual", lanes=1)
    started = time.perf_counter()
    _fill(where, PAST, now)
    _fill(usual, PAST, now, named=7 * 288)
    for n in range(OFFICES):
        _fill(town.office(f"search-{n}", lanes=1), BESIDE, now)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE booking_booking")
        cursor.execute(
            "SELECT id, pin FROM booking_booking WHERE office_id = %s AND pin <> '' LIMIT 1",
            [where.office.pk],
        )
        booking, pin = cursor.fetchone()
    made = time.perf_counter() - started
    questions = {
        "surname": ["nováková", "kohovyek"],
        "two words": ["jan nov", "dvořák lenka", "novák ma"],
        "two letters": ["no", "ja"],
        "nobody's name": ["novák xaver", "jana xaver"],
        "telephone": ["+420 600 097 000", "600097000"],
        "last digits": ["7000", "970"],
        "e-mail": ["jana123456@example.cz"],
        "PIN": [pin],
        "reference": [reference_of(booking)],
    }
    found = _ask(where, questions, now)
    erased = _ask(usual, questions, now)
    with psycopg.connect(os.environ["DATABASE_URL"], prepare_threshold=3) as raw:
        statement = "SELECT * FROM booking_booking WHERE id = %s"
        limit = _measured([lambda: raw.execute(statement, [booking]).fetchone()])
    for about, times in (("nothing erased", found), ("erased after 7 days", erased)):
        report.add(
            f"operator's search, {PAST:,} past bookings, {about}",
            "p50/p99 ms: "
            + ", ".join(f"{kind} {p50:.1f}/{p99:.1f}" for kind, (p50, p99) in times.items()),
            f"raw psycopg by primary key: {limit[0]:.2f}/{limit[1]:.2f} ms",
            "p99 ≤ 50 ms",
            reached=max(p99 for _, p99 in times.values()) <= 50,
        )
    print(f"    ({made:.0f} s to fill)")


def _ask(
    where: OfficeSnapshot, questions: dict[str, list[str]], now: datetime
) -> dict[str, tuple[float, float]]:
    office = where.office.pk
    return {
        kind: _measured([partial(find_bookings, office, one, now=now) for one in said])
        for kind, said in questions.items()
    }


def _fill(where: OfficeSnapshot, many: int, now: datetime, named: int = PAST) -> None:
    service: Service = where.offered_services()[0]
    values = {
        "office": where.office.pk,
        "service": service.pk,
        "lane": service.agenda.lanes.get().pk,
        "given": GIVEN,
        "common": COMMON,
        "part": SYLLABLES,
        "now": now,
        "many": many,
        "named": named,
    }
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(FILL, values)
        cursor.execute("RESET statement_timeout")


def _measured(asks: list[Callable[[], object]]) -> tuple[float, float]:
    """The median and the 99th percentile in milliseconds."""
    runs = []
    for ask in asks * 2:
        ask()  # read into memory, planned
    for ask in asks * RUNS:
        started = time.perf_counter()
        ask()
        runs.append((time.perf_counter() - started) * 1000)
    runs.sort()
    return runs[len(runs) // 2], runs[int(0.99 * len(runs))]
