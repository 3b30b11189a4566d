"""The worker's periodic steps: each office by itself, daily work that catches up, one worker at a time."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob

from prepazka.booking import scheduled
from prepazka.booking.models import Booking, BookingState
from prepazka.core import calendar
from prepazka.jobs import periodic_steps, rounds, tasks
from prepazka.jobs.periodic_steps import STEPS, Every, Step
from prepazka.journal.models import Event, StepRun
from prepazka.offices.models import Agenda, Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import town
from tests.races.together import together

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
SUNDAY_TEN = town.at("10:00", town.MONDAY - timedelta(days=1))


@pytest.fixture(autouse=True)
def _nothing_has_run(db: None) -> None:
    StepRun.objects.all().delete()  # of workers that other tests had


def second_office() -> OfficeSnapshot:
    """An office whose rows come after the first one's."""
    return town.office(slug="druha")


def break_zone(office: OfficeSnapshot) -> None:
    Office.objects.filter(pk=office.office_id).update(timezone="Nowhere/Never", version=9)


def break_messages(office: OfficeSnapshot) -> None:
    Office.objects.filter(pk=office.office_id).update(messages_data={"nonsense": 1}, version=9)


def break_rules(office: OfficeSnapshot) -> None:
    Agenda.objects.filter(office=office.row).update(rules_data={"nonsense": 1})
    Office.objects.filter(pk=office.office_id).update(version=9)


def run_all(now: datetime) -> int:
    return sum(periodic_steps.run_if_due(step, now=now) for step in STEPS.values())


@pytest.mark.parametrize(
    ("damage", "error", "step"),
    [
        (break_zone, "ZoneInfoNotFoundError", "remind"),
        (break_messages, "TypeError", "remind"),
        (break_rules, "TypeError", "close_yesterday"),
    ],
)
def test_one_broken_office_stops_no_step_of_another(
    damage: Callable[[OfficeSnapshot], None],
    error: str,
    step: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken, well = town.office(), second_office()
    booking = town.confirmed(well, "10:00")
    held = town.hold(well, "9:00", now=SUNDAY_TEN - timedelta(minutes=30))
    over = town.confirmed(well, "11:00")
    month = timedelta(days=30)
    Booking.objects.filter(pk=over.pk).update(
        starts_at=over.starts_at - month, ends_at=over.ends_at - month, date=over.date - month
    )
    town.confirmed(broken, "10:00")
    damage(broken)
    assert run_all(SUNDAY_TEN) > 0
    reminded = Event.objects.filter(kind="ReminderDue").values_list("data__booking", flat=True)
    assert str(booking.pk) in reminded
    held.refresh_from_db()
    assert held.state == BookingState.EXPIRED
    over.refresh_from_db()
    assert over.name == ""
    bad = StepRun.objects.get(step=step, office=broken.office_id)
    good = StepRun.objects.get(step=step, office=well.office_id)
    assert (bad.last_good_at, bad.failures, bad.last_failure_at) == (None, 1, SUNDAY_TEN)
    assert bad.failure.startswith(f"{error} in ")
    assert (good.last_good_at, good.failures) == (SUNDAY_TEN, 0)
    assert any(f"{step} failed for office" in record.getMessage() for record in caplog.records)


def test_one_broken_booking_stops_no_reminder_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    office = town.office()
    first, second = town.confirmed(office, "10:00"), town.confirmed(office, "11:00")
    ask = scheduled.remind_due

    def broken(*, booking: Any, now: datetime) -> None:
        if booking == first.pk:
            raise KeyError(first.email)
        ask(booking=booking, now=now)

    monkeypatch.setattr(rounds, "remind_due", broken)
    eleven = town.at("11:00", town.MONDAY - timedelta(days=1))
    assert periodic_steps.run_if_due(STEPS["remind"], now=eleven) == 1
    assert Event.objects.get(kind="ReminderDue").data["booking"] == str(second.pk)
    assert "@" not in StepRun.objects.get(step="remind").failure, "no personal data"


def failing(name: str = "forget_signals", **more: Any) -> Step:
    def fail(now: datetime) -> None:
        raise RuntimeError("jana@example.cz")

    return replace(STEPS[name], run=fail, **more)


def test_a_failure_is_logged_once_until_it_went_well(caplog: pytest.LogCaptureFixture) -> None:
    for minute in range(5):
        periodic_steps.run_if_due(failing(), now=NOW + timedelta(minutes=minute))
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    row = StepRun.objects.get(step="forget_signals")
    assert row.failures == 5
    assert row.expected_by == NOW + timedelta(minutes=5), "late since it first failed"
    periodic_steps.run_if_due(STEPS["forget_signals"], now=NOW + timedelta(minutes=6))
    row.refresh_from_db()
    assert (row.failures, row.last_good_at) == (0, NOW + timedelta(minutes=6))
    periodic_steps.run_if_due(failing(), now=NOW + timedelta(minutes=7))
    assert len(caplog.records) == 2


def ran(step: Step, *moments: datetime) -> list[datetime]:
    """At which of the moments a daily step really ran."""
    at: list[datetime] = []

    def note(office: int, now: datetime) -> None:
        at.append(now)

    for moment in moments:
        periodic_steps.run_if_due(replace(step, run=note), now=moment)
    return at


def night(day: int, clock: str) -> datetime:
    return town.at(clock, town.MONDAY + timedelta(days=day))


def test_daily_work_is_done_at_night_and_once() -> None:
    town.office()
    moments = [night(d, c) for d in (0, 1) for c in ("3:00", "3:17", "3:18", "9:00", "23:59")]
    assert ran(STEPS["erase"], *moments) == [night(0, "3:00"), night(0, "3:17"), night(1, "3:17")]


def test_an_office_whose_computer_sleeps_at_night_erases_when_it_wakes() -> None:
    town.office()
    morning, next_morning = night(0, "7:45"), night(1, "7:45")
    awake = [morning, night(0, "12:00"), night(0, "16:00"), next_morning, night(1, "12:00")]
    assert ran(STEPS["erase"], *awake) == [morning, next_morning]


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25"])
def test_a_clock_change_neither_skips_nor_doubles_the_night(day: str) -> None:
    town.office()
    begins = calendar.local_instant(datetime.fromisoformat(day).date(), 0, town.PRAGUE)
    minutes = [begins + timedelta(minutes=15 * n) for n in range(4 * 24)]
    assert len(ran(STEPS["erase"], begins - timedelta(hours=3), *minutes)) == 2


def test_daily_work_that_fails_is_tried_again_within_the_hour_not_each_minute() -> None:
    town.office()
    tried: list[datetime] = []

    def fail(office: int, now: datetime) -> None:
        tried.append(now)
        raise RuntimeError

    for minute in range(121):
        periodic_steps.run_if_due(
            replace(STEPS["learn"], run=fail), now=NOW + timedelta(minutes=minute)
        )
    assert tried == [NOW, NOW + timedelta(hours=1), NOW + timedelta(hours=2)]


def test_a_demo_s_clock_that_was_set_back_does_not_stop_daily_work() -> None:
    town.office()
    later = NOW + timedelta(days=30)
    assert ran(STEPS["erase"], later, NOW, NOW + timedelta(minutes=1)) == [later, NOW]


def test_a_new_office_needs_no_registration() -> None:
    periodic_steps.run_if_due(STEPS["remind"], now=NOW)
    assert not StepRun.objects.exists()
    office = town.office()
    periodic_steps.run_if_due(STEPS["remind"], now=NOW)
    assert StepRun.objects.get(step="remind").office == office.office_id


def test_every_step_is_deferred_each_minute_by_the_queue() -> None:
    periodic = {
        key[1]: task
        for key, task in app.periodic_registry.periodic_tasks.items()
        if key[0] == "step"
    }
    assert periodic.keys() == STEPS.keys()
    assert {name for name, task in periodic.items() if task.cron != "* * * * *"} == {
        "read_calendars"
    }
    locks = {name for name, task in periodic.items() if task.configure_kwargs["lock"]}
    assert locks == {name for name, step in STEPS.items() if step.every is Every.DAY}


def test_a_step_of_another_version_is_no_fault() -> None:
    tasks.run_step(0, step="of_the_next_version")


def test_what_is_noted_of_a_step_that_is_gone_goes_too() -> None:
    StepRun.objects.create(step="of_long_ago", expected_by=NOW)
    periodic_steps.run_if_due(STEPS["forget_old_steps"], now=NOW)
    assert list(StepRun.objects.values_list("step", flat=True)) == ["forget_old_steps"]


def test_failed_jobs_are_deleted_after_a_month() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs")
        for days in (29, 31):
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, status)"
                " VALUES ('q', %s, 'failed') RETURNING id",
                [str(days)],
            )
            cursor.execute(
                "INSERT INTO procrastinate_events (job_id, type, at)"
                " VALUES (%s, 'failed', now() - make_interval(days => %s))",
                [*cursor.fetchone(), days],
            )
    periodic_steps.run_if_due(STEPS["forget_failed_jobs"], now=NOW)
    assert list(ProcrastinateJob.objects.values_list("task_name", flat=True)) == ["29"]


@pytest.fixture
def _close() -> Iterator[None]:
    yield
    connections.close_all()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_close")
@pytest.mark.parametrize("most", [1, 2], ids=["locked", "control"])
def test_two_workers_never_run_a_step_at_once(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if most == 2:
        monkeypatch.setattr(periodic_steps, "_only_one", lambda _: contextlib.nullcontext(True))
    inside: list[int] = []
    together_inside: list[int] = []

    def slow(now: datetime) -> None:
        inside.append(1)
        together_inside.append(len(inside))
        time.sleep(0.3)
        inside.pop()

    together(
        2, lambda _: periodic_steps.run_if_due(replace(STEPS["forget_signals"], run=slow), now=NOW)
    )
    assert max(together_inside) == most


def test_the_steps_of_the_minute_come_before_a_backlog_of_mails_and_daily_work_after_it() -> None:
    ProcrastinateJob.objects.all().delete()
    app.configure_task("deliver", queue="mail").defer(message=1)
    names = {}
    for periodic in app.periodic_registry.periodic_tasks.values():
        name = str((periodic.configure_kwargs["task_kwargs"] or {})["step"])
        if name in {"rescue", "erase"}:
            pk = periodic.task.configure(**periodic.configure_kwargs).defer(timestamp=0)
            names[pk] = name
    assert [names.get(pk, "mail") for pk in fetched(3)] == ["rescue", "mail", "erase"]


def fetched(many: int) -> list[int]:
    """The ids of the jobs that a worker would take next, in their order."""
    taken = []
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id")
        (worker,) = cursor.fetchone()
        for _ in range(many):
            cursor.execute("SELECT id FROM procrastinate_fetch_job_v2(NULL, %s)", [worker])
            taken.append(int(cursor.fetchone()[0]))
    return taken
