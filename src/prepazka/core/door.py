"""The code at the door of an office: it changes every minute, so it cannot be used from home."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta

# Who may take a ticket with a telephone: nobody, whoever reads the code at the door, or anybody.
PHONE_TICKETS = ("none", "door", "anywhere")
STEP = timedelta(minutes=1)
# A screen may be a step behind, and a person needs a while to point the camera.
GRACE = 3
BYTES = 10


def code_at(secret: bytes, moment: datetime) -> str:
    """The code that is shown at the moment: 80 bits that only the secret could have made."""
    return _code(secret, _step(moment))


def is_fresh(secret: bytes, said: str, now: datetime) -> bool:
    """Whether the code was shown within the last minutes."""
    step = _step(now)
    # All are compared, and in constant time: how long it takes tells nothing.
    good = [
        hmac.compare_digest(_code(secret, one).encode(), said.lower().encode())
        for one in range(step - GRACE, step + 1)
    ]
    return any(good)


def _step(moment: datetime) -> int:
    return int(moment.timestamp() // STEP.total_seconds())


def _code(secret: bytes, step: int) -> str:
    made = hmac.new(secret, str(step).encode(), hashlib.sha256).digest()[:BYTES]
    return base64.b32encode(made).decode().lower()
