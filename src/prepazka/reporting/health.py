"""Whether the parts of the installation do their work, for a program that watches them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from prepazka.messaging.models import Message

# The worker says every ten seconds that it lives.
WORKER_SILENT = timedelta(seconds=60)
MAIL_LATE = timedelta(minutes=15)


@dataclass(frozen=True)
class Health:
    """What was found; `oldest_mail` is how long the oldest unsent mail has been waiting."""

    worker: bool
    oldest_mail: timedelta

    @property
    def good(self) -> bool:
        """Whether nobody needs to be woken."""
        return self.worker and self.oldest_mail <= MAIL_LATE


def health(*, now: datetime) -> Health:
    """Look at the worker's heartbeat and at the mails that wait; two statements."""
    with connection.cursor() as cursor:
        # The heartbeat is written by the database's clock, not by ours.
        cursor.execute(
            "SELECT coalesce(max(last_heartbeat) > now() - make_interval(secs => %s), false) FROM procrastinate_workers",
            [WORKER_SILENT.total_seconds()],
        )
        (alive,) = cursor.fetchone()
    queued = Message.objects.filter(state=Message.State.QUEUED).order_by("created_at")
    oldest = queued.values_list("created_at", flat=True).first()
    return Health(bool(alive), max(now - oldest, timedelta()) if oldest else timedelta())
