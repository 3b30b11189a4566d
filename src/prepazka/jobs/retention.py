"""Rows without a client's data that are deleted after a stated time: counts of tries, and the staff's looks."""

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
from prepazka.queueing.models.wrong_pins import WrongPin

# The layer `web` lies above and keeps them as long itself; `tests/privacy/test_retention.py` compares.
COUNTS, ANSWERS = timedelta(days=1), timedelta(days=2)
# The only events that do not stay for good: they say when the staff worked and at whom they looked, and
# nothing is computed from them.
LOOKS = (
    "ContactShown",
    "LogInDelayed",
    "LogInFailed",
    "LoggedIn",
    "LoggedOut",
    "PeopleListed",
)


def forget_attempts(*, now: datetime) -> None:
    """Delete what counts no more, and answers that would not be given again."""
    apps.get_model("web", "Count").objects.filter(starts_at__lt=now - COUNTS).delete()
    apps.get_model("web", "Answered").objects.filter(at__lt=now - ANSWERS).delete()
    FailedLogIns.objects.filter(last_at__lt=now - attempts.KEPT).delete()
    WrongPin.objects.filter(at__lt=now - wrong_pins.KEPT).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM cache WHERE expires < %s", [now])


def forget_looks(*, now: datetime) -> None:
    """Delete log-ins and looks older than the installation's setting, office by office and kind by kind."""
    before = now - timedelta(days=settings.AUDIT_DAYS)
    for office in Office.objects.values_list("pk", flat=True):
        for kind in LOOKS:
            old = Event.objects.filter(office=office, kind=kind, at__lt=before)
            old.exclude(pk__in=PendingFollowUp.objects.values("event")).delete()
