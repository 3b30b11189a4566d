"""Proof of work before a slot is held, required in busy offices or as the agenda's rules say.

The browser solves a signed challenge while the person reads the page; each solution is valid once.
Without JavaScript people can book too, under a stricter rate limit; as for everybody, the slot
must then be confirmed by e-mail or SMS.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import altcha
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext_noop

from prepazka.booking import networks
from prepazka.core.refusal import Refused
from prepazka.core.slots import Rules
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web import limits
from prepazka.web.models import RateCount

# A second or two for a telephone to solve, about two milliseconds for the server to check.
ALGORITHM, COST = "PBKDF2/SHA-256", 5000
LASTS = timedelta(minutes=20)
BUSY_PER_MINUTE = 10  # holds of one office
BUSY_SHARE = 2  # an office is busy at 1/BUSY_SHARE of the holds at which it is crowded
WITHOUT_PROOF = limits.Limit("no-proof", 6, timedelta(minutes=10))
WITHOUT_PROOF_CROWDED = limits.Limit("no-proof-crowd", 2, timedelta(minutes=10))
USED, BUSY = "proof", "busy"
LONGEST = 4000


class ProofNotValid(Refused):
    """The proof of work is expired, used or wrong; solve a new challenge."""

    message = gettext_noop(
        "The security check of your browser has expired or was already used. Please "
        "choose the time again."
    )


def is_asked(request: HttpRequest, office: OfficeSnapshot, rules: Rules, *, now: datetime) -> bool:
    """Whether this visitor must send a proof now; never required of staff and devices."""
    if rules.proof == "never" or limits.account_of(request, now=now):
        return False
    return (
        rules.proof == "always"
        or is_busy(office, now=now)
        or (settings.RATE_LIMITS and limits.is_hidden(request, now=now))
    )


def is_busy(office: OfficeSnapshot, *, now: datetime) -> bool:
    """Whether slots are held unusually fast, or many holds are unconfirmed.

    The rate is that of this minute and the last one.
    """
    minute = _minute(now)
    rows = RateCount.objects.filter(
        scope=BUSY, key=str(office.office_id), starts_at__in=(minute, minute - timedelta(minutes=1))
    )
    if any(row.tries >= BUSY_PER_MINUTE for row in rows):
        return True
    return networks.count_unconfirmed(office, now=now) * BUSY_SHARE >= networks.crowded_ceiling(
        office
    )


def note_hold(office: OfficeSnapshot, rules: Rules, *, now: datetime) -> None:
    """Count a hold of the office, if its agenda's rules depend on the rate of holds."""
    if rules.proof == "busy":
        limits.add_to_count(BUSY, str(office.office_id), _minute(now))


def signed_challenge(*, now: datetime) -> str:
    """A signed challenge for the browser, as JSON."""
    task = altcha.create_challenge(
        # The package's own expiry would read the machine's clock, but a demo has its own clock.
        ALGORITHM,
        COST,
        data={"until": int((now + LASTS).timestamp())},
        hmac_secret=_secret(),
    )
    return json.dumps(task.to_dict())


def check_proof(
    request: HttpRequest, office: OfficeSnapshot, rules: Rules, solution: str, *, now: datetime
) -> None:
    """Accept a valid unused solution; without a solution count against the stricter limit.

    Raises ProofNotValid, TooManyHolds.
    """
    if not is_asked(request, office, rules, now=now):
        return
    if not solution:
        crowded = networks.is_office_crowded(office, now=now)
        limit = WITHOUT_PROOF_CROWDED if crowded else WITHOUT_PROOF
        limits.limit_booking(request, office.row, limit, now=now)
        return
    solved = _verify(solution)
    # The row lives as long as the challenge; the first to insert it has used the solution.
    if solved is None or solved[1] <= now or limits.add_to_count(USED, solved[0], solved[1]) > 1:
        raise ProofNotValid


def _verify(solution: str) -> tuple[str, datetime] | None:
    """The solved challenge's id and expiry; None if the solution is not valid."""
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
