"""The code on an office's door, which changes every minute and so is no use from home."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

# Who may take a ticket by telephone: nobody, people who read the code at the door, or anybody.
PHONE_TICKETS = ("none", "door", "anywhere")
STEP = timedelta(minutes=1)
# Steps for which a code stays valid: a screen may be one behind, and aiming a camera takes time.
GRACE = 3
BYTES = 10


def code_at(secret: bytes, moment: datetime) -> str:
    """The code that is shown at the moment: 80 bits derived from the secret."""
    return _code(secret, _step(moment))


def is_code_fresh(secret: bytes, code: str, now: datetime) -> bool:
    """Whether the code was shown within the last minutes."""
    step = _step(now)
    # All steps are compared, each in constant time, so that timing reveals nothing about the code.
    good = [
        hmac.compare_digest(_code(secret, candidate_step).encode(), code.lower().encode())
        for candidate_step in range(step - GRACE, step + 1)
    ]
    return any(good)


def _step(moment: datetime) -> int:
    return int(moment.timestamp() // STEP.total_seconds())


def _code(secret: bytes, step: int) -> str:
    digest = hmac.new(secret, str(step).encode(), hashlib.sha256).digest()[:BYTES]
    return base64.b32encode(digest).decode().lower()
