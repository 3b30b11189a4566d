"""Counts of failed log-ins, and how long a source has to wait before its next try.

A try is counted as failed before its password is checked, so that many at the same time cannot
slip in under the limit; a success takes its own count back. Whoever logs in from a device
on which the person has logged in before is counted by that device alone: strangers' failures,
from wherever they come, never keep a clerk from work.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext_noop

from prepazka.accounts.models import FailedLogIns
from prepazka.core.backoff import NO_WAIT, Backoff
from prepazka.core.refusal import Refused

ADD_SOURCE = """
INSERT INTO accounts_failedlogins (kind, key, failures, last_at)
VALUES (%s, %s, 0, %s) ON CONFLICT (kind, key) DO NOTHING
"""

QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
SECONDS = timedelta(seconds=1)
BACKOFFS = {
    # One network that tries one name: somebody who forgot the password, or an attacker guessing.
    "name-network": Backoff(5, 10 * SECONDS, QUARTER, DAY),
    # One network that tries many names. A whole town hall may be one network.
    "network": Backoff(30, 5 * SECONDS, QUARTER, HOUR),
    # Many networks that try one name: the wait stays short, so that the person gets through.
    "name": Backoff(30, 2 * SECONDS, 60 * SECONDS, HOUR),
    # A device on which the person has logged in before; its cookie may have been stolen.
    "device": Backoff(10, 10 * SECONDS, QUARTER, DAY),
    # Codes of the second factor, tried by somebody who has the password: from one network or one
    # device of the person, and from all networks together.
    "factor-place": Backoff(5, 10 * SECONDS, QUARTER, DAY),
    "factor": Backoff(30, 10 * SECONDS, QUARTER, DAY),
}
# A success from there ends the series; the counts of others stay.
ENDED_BY_SUCCESS = frozenset({"name-network", "device", "factor-place"})
LONGEST_IN_SECONDS = 90  # a longer wait is given in minutes
KEPT = max(backoff.forgotten_after for backoff in BACKOFFS.values())


class LogInDelayed(Refused):
    """Wrong log-ins of this name, network or device are slowed down; try after `retry_after`."""

    message = gettext_noop(
        "There were too many failed log-in attempts. Please try again in %(wait)s."
    )

    @property
    def retry_after(self) -> int:
        """Seconds after which a repeat makes sense."""
        return int(self.params["seconds"])


@dataclass(frozen=True)
class Source:
    """What failures are counted by: a kind of `BACKOFFS`, and a hash of name, network or device."""

    kind: str
    key: str


@dataclass(frozen=True)
class Attempt:
    """A try that has been counted as failed until `clear_failures` says otherwise.

    `failures` is the highest count of its sources, `delayed` whether the next try has to wait.
    """

    before: dict[Source, datetime | None]
    at: datetime
    failures: int
    delayed: bool


def sources_of(*, username: str, network: str, device: str = "") -> tuple[Source, ...]:
    """Sources that a try of this name counts for; `device` is one known for the name, or empty."""
    name = unicodedata.normalize("NFKC", username).strip().casefold()
    if device:
        return (_source("device", device, name),)
    return (
        _source("name-network", name, network),
        _source("network", network),
        _source("name", name),
    )


def sources_of_factor(*, user: int, network: str, device: str = "") -> tuple[Source, ...]:
    """Sources that a code of the second factor counts for; `device` is known for the account."""
    if device:
        return (_source("factor-place", str(user), "device", device),)
    return (
        _source("factor-place", str(user), "network", network),
        _source("factor", str(user)),
    )


@transaction.atomic
def begin_attempt(sources: Sequence[Source], *, now: datetime) -> Attempt:
    """Count the try as failed, before its password is checked. Raises LogInDelayed.

    A refused try is not counted: hammering does not make the wait longer.
    """
    _forget_old(now)
    rows = _look(sources, now)
    remaining = max(
        (
            _backoff(source).wait_left(row.failures, row.last_at, now)
            for source, row in rows.items()
        ),
        default=NO_WAIT,
    )
    if remaining > NO_WAIT:
        seconds = max(1, math.ceil(remaining.total_seconds()))
        wait = f"{seconds} s" if seconds <= LONGEST_IN_SECONDS else f"{math.ceil(seconds / 60)} min"
        raise LogInDelayed(seconds=seconds, wait=wait)
    before: dict[Source, datetime | None] = {}
    delayed = False
    for source, row in rows.items():
        backoff = _backoff(source)
        before[source] = row.last_at
        row.failures = backoff.failures_now(row.failures, row.last_at, now) + 1
        row.last_at = now
        row.save(update_fields=["failures", "last_at"])
        delayed = delayed or backoff.wait_after(row.failures) > NO_WAIT
    highest = max((row.failures for row in rows.values()), default=0)
    return Attempt(before, now, highest, delayed)


@transaction.atomic
def clear_failures(attempt: Attempt) -> None:
    """Take the count of the try back, and end the series of failures of its name and place.

    Counts of the whole network and of the name from all networks stay, or an attacker who knows
    one password could reset them by logging in now and then.
    """
    for source in sorted(attempt.before, key=_in_order):
        matching = FailedLogIns.objects.select_for_update().filter(kind=source.kind, key=source.key)
        row = matching.first()
        if row is None:
            continue
        if source.kind in ENDED_BY_SUCCESS:
            row.delete()
            continue
        row.failures = max(0, row.failures - 1)
        earlier = attempt.before[source]
        if row.last_at == attempt.at and earlier is not None:
            row.last_at = earlier
        row.save(update_fields=["failures", "last_at"])


def _look(sources: Sequence[Source], now: datetime) -> dict[Source, FailedLogIns]:
    """The locked rows of the sources; always in the same order, so that no deadlock arises."""
    return {source: _lock(source, now) for source in sorted(sources, key=_in_order)}


def _in_order(source: Source) -> tuple[str, str]:
    return source.kind, source.key


def _lock(source: Source, now: datetime) -> FailedLogIns:
    """The locked row of the source, made if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(ADD_SOURCE, [source.kind, source.key, now])
    return FailedLogIns.objects.select_for_update().get(kind=source.kind, key=source.key)


def _forget_old(now: datetime) -> None:
    """Delete up to 100 rows whose failures no longer count; rows locked by others are skipped."""
    expired = FailedLogIns.objects.filter(last_at__lt=now - KEPT)
    FailedLogIns.objects.filter(pk__in=expired.select_for_update(skip_locked=True)[:100]).delete()


def _backoff(source: Source) -> Backoff:
    return BACKOFFS[source.kind]


def _source(kind: str, *identifiers: str) -> Source:
    identity = "\x00".join(identifiers)
    secret = f"log-in:{settings.SECRET_KEY}".encode()
    digest = hmac.new(secret, f"{kind}:{identity}".encode("utf-8", "surrogatepass"), hashlib.sha256)
    return Source(kind, digest.hexdigest())
