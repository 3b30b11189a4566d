"""Reminders the day and two hours before: each once, only where it still helps."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from prepazka.booking import booking_lifecycle
from prepazka.journal.models import Event
from tests import rounds, town
from tests.messaging.test_sms import PHONE, sms_office, with_rules

pytestmark = pytest.mark.django_db
NOW, SUNDAY = town.FRIDAY_BEFORE, town.MONDAY - timedelta(days=1)


@pytest.fixture(autouse=True)
def _gateway(settings: Any) -> None:
    settings.SMS_GATEWAY = "file"


def kinds() -> list[str]:
    found = Event.objects.filter(kind__in=["ReminderDue", "SoonReminderDue"]).order_by("pk")
    return list(found.values_list("kind", flat=True))


def run(*clocks: Any) -> list[str]:
    for at in clocks:
        for _ in range(2):
            rounds.remind(now=at)
    return kinds()


def test_both_once() -> None:
    town.confirmed(town.office(), "10:00")
    assert run(town.at("9:00", SUNDAY)) == []
    assert run(town.at("10:00", SUNDAY)) == ["ReminderDue"]
    assert run(town.at("7:59")) == ["ReminderDue"]
    assert run(town.at("8:00"), town.at("8:01"), town.at("9:59"), town.at("10:00")) == [
        "ReminderDue",
        "SoonReminderDue",
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(["day"], ["ReminderDue"]), (["hours"], ["SoonReminderDue"]), ([], [])],
)
def test_as_the_office_wants_them(wanted: list[str], found: list[str]) -> None:
    where = with_rules(town.office(), reminders=wanted)
    town.confirmed(where, "10:00")
    assert run(town.at("12:00", SUNDAY), town.at("8:30")) == found


def test_not_to_those_who_have_just_booked_or_moved() -> None:
    where = town.office()
    town.confirmed(where, "11:00", now=town.at("8:30"))
    assert run(town.at("9:10")) == []
    moved = town.confirmed(where, "14:00", now=NOW)
    run(town.at("15:00", SUNDAY))
    booking_lifecycle.move_booking(
        booking=moved.pk, starts_at=town.at("15:00"), now=town.at("12:30")
    )
    assert run(town.at("13:00"), town.at("13:30")) == ["ReminderDue"]


def test_no_telephone_rings_at_night() -> None:
    where = sms_office(quiet_from_min=20 * 60, quiet_to_min=9 * 60)
    town.confirmed(where, "10:00", email="", phone=PHONE)
    run(town.at("12:00", SUNDAY))
    assert run(town.at("8:30")) == ["ReminderDue"]
    assert run(town.at("9:00")) == ["ReminderDue", "SoonReminderDue"]
