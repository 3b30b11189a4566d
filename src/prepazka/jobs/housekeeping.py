"""Deleting rows without clients' data after a stated time: counts of tries, staff's looks."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.apps import apps
from django.conf import settings
from django.db import connection

from prepazka.accounts import attempts
from prepazka.accounts.models import FailedLogIns
from prepazka.journal.models import Event, PendingFollowUp
from prepazka.offices.models import Office
from prepazka.queueing import wrong_pins
from prepazka.queueing.models.hall_rows import WrongPin

DELETE_CACHED = "DELETE FROM cache WHERE expires < %s"

# The layer `web` is above this one and has the same durations; `tests/privacy/test_retention.py`
# compares them.
COUNTS, ANSWERS = timedelta(days=1), timedelta(days=2)
# The only events that are deleted: they show when staff worked and whom they looked at, and nothing
# is computed from them.
LOOKS = (
    "ContactShown",
    "LogInDelayed",
    "LogInFailed",
    "LoggedIn",
    "LoggedOut",
    "PeopleListed",
)


def forget_attempts(*, now: datetime) -> None:
    """Delete counts and stored answers that are no longer used."""
    apps.get_model("web", "RateCount").objects.filter(starts_at__lt=now - COUNTS).delete()
    apps.get_model("web", "IdempotentReply").objects.filter(at__lt=now - ANSWERS).delete()
    FailedLogIns.objects.filter(last_at__lt=now - attempts.KEPT).delete()
    WrongPin.objects.filter(at__lt=now - wrong_pins.KEPT).delete()
    with connection.cursor() as cursor:
        cursor.execute(DELETE_CACHED, [now])


def forget_looks(*, now: datetime) -> None:
    """Delete log-ins and looks older than the installation's setting, by office and kind."""
    older_than = now - timedelta(days=settings.AUDIT_DAYS)
    for office in Office.objects.values_list("pk", flat=True):
        for kind in LOOKS:
            old_looks = Event.objects.filter(office=office, kind=kind, at__lt=older_than)
            old_looks.exclude(pk__in=PendingFollowUp.objects.values("event")).delete()
