"""Codes of a second factor, as an authenticator shows them."""

from __future__ import annotations

import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.clock import machine_time

PERIOD = 30  # seconds for which a code counts
LEFT = 15  # seconds that a code still has to count, so that it arrives in time


def code_of(secret: str) -> str:
    """The code of now, or of the next half minute where that of now is about to end."""
    while machine_time() % PERIOD > PERIOD - LEFT:
        time.sleep(0.1)
    return str(format_hotp_value(hotp_value(secret, int(machine_time()) // PERIOD)))
