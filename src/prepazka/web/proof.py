"""A proof of work before a term is held: when an office is busy, unless the agenda says otherwise.

The browser solves a signed task by itself while the person reads the page; each solution counts
once. Without JavaScript people book as well, by a stricter limit of tries; for them, as for all,
the term must be confirmed by e-mail or SMS.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import altcha
from django.conf import settings
from django.http import HttpRequest

from prepazka.booking import networks
from prepazka.core.refusal import Refused
from prepazka.core.slots import Rules
from prepazka.offices.directory import Directory
from prepazka.web import limits
from prepazka.web.models import Count

# A second or two of a telephone, about two milliseconds of ours to check.
ALGORITHM, COST = "PBKDF2/SHA-256", 5000
LASTS = timedelta(minutes=20)
BUSY_PER_MINUTE = 10  # holds of one office
BUSY_SHARE = 2  # of as many kept times as make the office crowded, this part makes it busy
WITHOUT_PROOF = limits.Limit("no-proof", 6, timedelta(minutes=10))
WITHOUT_PROOF_CROWDED = limits.Limit("no-proof-crowd", 2, timedelta(minutes=10))
USED, BUSY = "proof", "busy"
LONGEST = 4000


class ProofNotValid(Refused):
    """The check of your browser has expired or was used before. Please choose the time again."""


def is_asked(request: HttpRequest, office: Directory, rules: Rules, *, now: datetime) -> bool:
    """Whether the agenda asks this visitor for a proof at this moment; never the office's own."""
    if rules.proof == "never" or limits.account_of(request, now=now):
        return False
    return (
        rules.proof == "always"
        or is_busy(office, now=now)
        or (settings.RATE_LIMITS and limits.is_hidden(request, now=now))
    )


def is_busy(office: Directory, *, now: datetime) -> bool:
    """Whether terms go faster than people usually book, or many are kept and not confirmed.

    The speed is that of this minute and the last one.
    """
    minute = _minute(now)
    rows = Count.objects.filter(
        scope=BUSY, key=str(office.office.pk), starts_at__in=(minute, minute - timedelta(minutes=1))
    )
    if any(row.tries >= BUSY_PER_MINUTE for row in rows):
        return True
    return networks.kept_of(office, now=now) * BUSY_SHARE >= networks.ceiling_of(office)


def note_hold(office: Directory, rules: Rules, *, now: datetime) -> None:
    """Count a hold of the office, where its speed decides anything."""
    if rules.proof == "busy":
        limits.add(BUSY, str(office.office.pk), _minute(now))


def challenge(*, now: datetime) -> str:
    """A task for the browser, signed, as JSON."""
    made = altcha.create_challenge(
        # Not as the package's own expiry: that reads the machine's clock, and a demo has another.
        ALGORITHM,
        COST,
        data={"until": int((now + LASTS).timestamp())},
        hmac_secret=_secret(),
    )
    return json.dumps(made.to_dict())


def check(
    request: HttpRequest, office: Directory, rules: Rules, solution: str, *, now: datetime
) -> None:
    """Let pass whoever has solved the task once; others by the stricter limit.

    Raises ProofNotValid, TooManyHolds.
    """
    if not is_asked(request, office, rules, now=now):
        return
    if not solution:
        crowded = networks.is_crowded(office, now=now)
        limit = WITHOUT_PROOF_CROWDED if crowded else WITHOUT_PROOF
        limits.limit_booking(request, office.office, limit, now=now)
        return
    found = _verified(solution)
    # The row lives as long as the task: whoever writes it first, used it.
    if found is None or found[1] <= now or limits.add(USED, found[0], found[1]) > 1:
        raise ProofNotValid


def _verified(solution: str) -> tuple[str, datetime] | None:
    """What names the solved task, and until when it counts."""
    if len(solution) > LONGEST:
        return None
    try:
        payload = altcha.Payload.from_base64(solution)
        parameters = payload.challenge.parameters
        if (parameters.algorithm, parameters.cost) != (ALGORITHM, COST):
            return None
        if not altcha.verify_solution(payload, _secret()).verified:
            return None
        until = datetime.fromtimestamp((parameters.data or {})["until"], UTC)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
    return hashlib.sha256(parameters.nonce.encode()).hexdigest(), until


def _secret() -> bytes:
    return hmac.new(settings.SECRET_KEY.encode(), b"proof of work", hashlib.sha256).digest()


def _minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0)
