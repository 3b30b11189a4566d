"""Short messages written to the worker's standard error, for development."""

from __future__ import annotations

import sys

from prepazka.core import gsm7
from prepazka.messaging.message_types import Sent, Sms


def send(sms: Sms) -> Sent:
    """Write the message to standard error."""
    sys.stderr.write(f"SMS to {sms.e164}: {sms.text}\n")
    return Sent(id=sms.idempotency_key, parts=gsm7.count_parts(sms.text))
