"""The town, open around the clock every day: processes run on the real clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from prepazka.core import calendar
from prepazka.offices.models import Office, OpeningHours
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from tests import town
from tests.clock import real_now


@transaction.atomic
def always_open(*, zone: ZoneInfo | None = None, **rules: Any) -> OfficeSnapshot:
    zone = zone or town.zone_by_day(real_now())
    made = town.office(zone=zone, **({"early_min": 600, "late_min": 600, "lead_min": 0} | rules))
    OpeningHours.objects.filter(office=made.row).delete()
    for weekday in range(7):
        OpeningHours.objects.create(office=made.row, weekday=weekday, opens=0, closes=1440)
    Office.objects.filter(pk=made.office_id).update(version=2, public_holidays="")
    return snapshot_of(Office.objects.get(pk=made.office_id))


def coming_slots(days: int = 10, first: int = 2) -> list[datetime]:
    """The starts of the hourly windows of the days to come."""
    today = calendar.day_of(real_now(), town.PRAGUE)
    return [
        calendar.local_instant(today + timedelta(days=day), hour * 60, town.PRAGUE)
        for day in range(first, first + days)
        for hour in range(3, 24)  # without the hours that a clock change doubles or leaves out
    ]
