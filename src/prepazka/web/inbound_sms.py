"""Processing of inbound SMS and delivery receipts from gateways."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings

from prepazka.jobs import tasks
from prepazka.messaging.channels import mobile_of
from prepazka.messaging.message_types import Incoming, Receipt
from prepazka.messaging.receipts import note_receipt
from prepazka.messaging.replies import handle_reply
from prepazka.web.limits import Limit, TooManyTries, count_try

# More replies an hour from one number are not needed for a booking, and are ignored.
REPLIES = Limit("reply", 10, timedelta(hours=1))
ONCE_MORE_S = 20


def process_callback(reports: Iterable[Receipt | Incoming], *, gateway: str, now: datetime) -> None:
    """Record receipts and carry out people's replies; repeating has no further effect."""
    for report in reports:
        if isinstance(report, Incoming):
            try:
                count_try(REPLIES, mobile_of(report.number) or report.number, now=now)
            except TooManyTries:
                continue
            handle_reply(report, gateway=gateway, now=now)
        elif not note_receipt(report, now=now):
            later = tasks.receipt.configure(schedule_in={"seconds": ONCE_MORE_S})
            later.defer(gateway_id=report.id, delivered=report.delivered)


def callback_token(gateway: str) -> str:
    """The secret part of the gateway's callback address."""
    secret = f"callback:{settings.SECRET_KEY}".encode()
    return hmac.new(secret, gateway.encode(), hashlib.sha256).hexdigest()[:40]
