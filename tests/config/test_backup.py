"""Backup and restore for real: a visit is dumped, put into another database, and compared."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from prepazka.booking.models import Booking
from prepazka.config.cli import main
from prepazka.journal.models import StepRun
from prepazka.offices.models import Office
from prepazka.privacy import remembered_erasures
from prepazka.privacy.registry import Root
from prepazka.queueing import counters, tickets, turns
from tests import town
from tests.clock import real_now

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.real_time]


def address(database: str = "") -> str:
    made = connection.get_connection_params()
    wanted = {k: made[k] for k in ("dbname", "user", "password", "host", "port") if made.get(k)}
    return make_conninfo("", **(wanted | ({"dbname": database} if database else {})))


@pytest.fixture
def other(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an empty database on the same server."""
    name = f"restored_{uuid4().hex[:8]}"
    with psycopg.connect(address(), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield address(name)
    with psycopg.connect(address(), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def visit() -> None:
    """A booked client and a walk-in have tickets, and one of them has been called."""
    office = town.office()
    Office.objects.update(retention_days=30_000)  # the restore erases by the real clock
    booking = town.confirmed(office, "9:00")
    tickets.issue_ticket(
        office=office, service=town.service(office), touch=uuid4(), now=town.at("8:10")
    )
    tickets.check_in(
        office=office,
        device=town.kiosk(office),
        pin=booking.pin,
        touch=uuid4(),
        now=town.at("9:02"),
    )
    clerk = town.clerk(office)
    counters.open_counter(counter=town.counter(office), clerk=clerk.pk, now=town.at("9:03"))
    turns.call_next(office=office, clerk=clerk.pk, now=town.at("9:03"))


def plain(definition: str) -> str:
    """A condition as it was meant: PostgreSQL writes its casts and brackets anew when it reads one."""
    return re.sub(r"::(character varying|text)(\[\])?|[()]", "", definition)


def everything(url: str) -> dict[str, list[str]]:
    """The rows of every table, what guards them, and where the sequences stand."""
    with psycopg.connect(url) as database:
        tables = [
            name
            for (name,) in database.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
                " AND tablename <> 'journal_steprun' ORDER BY 1"  # a restore does daily work anew
            )
        ]
        found = {
            name: [
                row
                for (row,) in database.execute(
                    sql.SQL("SELECT t::text FROM {} t ORDER BY 1").format(sql.Identifier(name))
                )
            ]
            for name in tables
        }
        for what, question in {
            "constraints": "SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace ORDER BY 1",
            "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
            "functions": "SELECT pg_get_functiondef(oid) FROM pg_proc"
            " WHERE pronamespace = 'public'::regnamespace ORDER BY 1",
            "sequences": "SELECT sequencename || ' ' || coalesce(last_value, 0) FROM pg_sequences"
            " WHERE sequencename <> 'journal_steprun_id_seq' ORDER BY 1",
        }.items():
            found[what] = sorted(plain(row) for (row,) in database.execute(question))
    return found


def backup(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", address())
    assert main(["backup", str(file)]) == 0


def test_a_visit_comes_back_whole(
    visit: None, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "town.dump"
    backup(file, monkeypatch)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    monkeypatch.setenv("DATABASE_URL", other)
    assert main(["restore", str(file)]) == 0

    before, after = everything(address()), everything(other)
    assert len(before["booking_booking"]) == 1
    assert len(before["queueing_ticket"]) == 2
    assert any("lane_holds_one_person_at_a_time" in one for one in before["constraints"])
    assert after == before


def test_what_a_database_holds_is_replaced_only_when_told_so(
    visit: None,
    other: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "town.dump"
    backup(file, monkeypatch)
    monkeypatch.setenv("DATABASE_URL", other)
    assert main(["restore", str(file)]) == 0
    right = everything(other)
    with psycopg.connect(other) as database:
        database.execute("DELETE FROM messaging_message")
        database.execute("UPDATE queueing_ticket SET state = 'cancelled'")
        database.execute("CREATE TABLE of_a_newer_version (id int)")
    wrong = everything(other)

    assert main(["restore", str(file)]) == 1
    assert "--replace" in capsys.readouterr().err
    assert everything(other) == wrong

    assert main(["restore", str(file), "--replace"]) == 0
    assert everything(other) == right


def test_who_was_erased_after_the_backup_is_erased_again_by_the_restore(
    visit: None,
    other: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    Office.objects.update(retention_days=1)
    # The backup was written right after the erasing of a night, so its rows call it done.
    StepRun.objects.create(
        step="erase",
        office=Office.objects.get().pk,
        last_good_at=real_now(),
        expected_by=real_now() + timedelta(days=1),
    )
    month = timedelta(days=30)
    booking = Booking.objects.get()
    Booking.objects.update(starts_at=real_now() - month, ends_at=real_now() - month / 2)
    backup(tmp_path / "town.dump", monkeypatch)
    monkeypatch.setenv("DATABASE_URL", other)
    assert main(["restore", str(tmp_path / "town.dump")]) == 0
    assert "have been due since the backup are erased" in capfd.readouterr().out
    with psycopg.connect(other) as database:
        rows = database.execute("SELECT id, name, email, pin FROM booking_booking").fetchall()
    assert rows == [(booking.pk, "", "", "")]
    booking.refresh_from_db()
    assert booking.name, "only the restored database is touched"


def erased_on_request(url: str, booking: Booking) -> None:
    """As `erase_person` leaves the database of that address."""
    with psycopg.connect(url) as database:
        database.execute(
            "INSERT INTO privacy_erasedrecord (office_id, key, erased_at) VALUES (%s, %s, %s)",
            [
                booking.office_id,
                remembered_erasures.keys_of(Root.BOOKING, booking.pk)[0],
                real_now(),
            ],
        )


@pytest.mark.parametrize("by", ["erased on request", "control"])
def test_who_was_erased_on_request_is_erased_again_by_a_restore_in_its_place(
    by: str,
    visit: None,
    other: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remembers = by != "control"
    monkeypatch.setenv("PREPAZKA_FILES", str(tmp_path / "files"))
    file = tmp_path / "town.dump"
    backup(file, monkeypatch)
    monkeypatch.setenv("DATABASE_URL", other)
    assert main(["restore", str(file)]) == 0
    booking = Booking.objects.get()
    if remembers:
        erased_on_request(other, booking)
    assert main(["restore", str(file), "--replace"]) == 0
    with psycopg.connect(other) as database:
        rows = database.execute("SELECT name, email, pin <> '' FROM booking_booking").fetchall()
        kept = database.execute("SELECT count(*) FROM privacy_erasedrecord").fetchall()
    assert rows == [("", "", False) if remembers else (booking.name, booking.email, True)]
    assert kept == [(int(remembers),)]
    # Into an empty database the storage of files says so.
    with psycopg.connect(other) as database:
        database.execute("DELETE FROM privacy_erasedrecord")
    assert main(["restore", str(file), "--replace"]) == 0
    with psycopg.connect(other) as database:
        assert database.execute("SELECT name = '' FROM booking_booking").fetchall() == [
            (remembers,)
        ]


def test_a_backup_of_an_older_version_is_erased_by_the_migration(
    visit: None,
    other: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT app, name, applied FROM django_migrations WHERE app = 'journal'")
        rows = cursor.fetchall()
        cursor.execute("DELETE FROM django_migrations WHERE app = 'journal'")
    try:
        backup(tmp_path / "town.dump", monkeypatch)
    finally:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)", rows
            )
    monkeypatch.setenv("DATABASE_URL", other)
    assert main(["restore", str(tmp_path / "town.dump")]) == 0
    assert "run prepazka migrate before you start the web" in capfd.readouterr().out


def test_a_damaged_backup_changes_nothing(
    visit: None, other: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "town.dump"
    backup(file, monkeypatch)
    monkeypatch.setenv("DATABASE_URL", other)
    assert main(["restore", str(file)]) == 0
    before = everything(other)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) * 2 // 3])
    assert main(["restore", str(file), "--replace"]) == 1
    assert everything(other) == before


def test_no_backup_of_a_database_that_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@/none?host={tmp_path}")
    assert main(["backup", str(tmp_path / "town.dump")]) == 1
    assert "The database cannot be reached: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_folder_gets_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    file = str(tmp_path / "town.dump")
    assert main(["backup", file, "--data", str(tmp_path / "nothing")]) == 2
    assert "--data" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
