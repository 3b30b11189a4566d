"""The town, open around the clock every day: processes run on the real clock."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from prepazka.core import calendar
from prepazka.offices.directory import Directory, directory
from prepazka.offices.models import Office, OpeningHours
from tests import town
from tests.clock import real_now


@transaction.atomic
def always_open(*, zone: ZoneInfo | None = None, **rules: Any) -> Directory:
    zone = zone or town.zone_by_day(real_now())
    made = town.office(zone=zone, **({"early_min": 600, "late_min": 600, "lead_min": 0} | rules))
    OpeningHours.objects.filter(office=made.office).delete()
    for weekday in range(7):
        OpeningHours.objects.create(office=made.office, weekday=weekday, opens=0, closes=1440)
    Office.objects.filter(pk=made.office.pk).update(version=2, public_holidays="")
    return directory(Office.objects.get(pk=made.office.pk))


def coming_terms(days: int = 10, first: int = 2) -> list[datetime]:
    """The starts of the hourly windows of the days to come."""
    today = calendar.day_of(real_now(), town.PRAGUE)
    return [
        calendar.local_instant(today + timedelta(days=day), hour * 60, town.PRAGUE)
        for day in range(first, first + days)
        for hour in range(3, 24)  # without the hours that a clock change doubles or leaves out
    ]
