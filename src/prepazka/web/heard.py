"""What a gateway for short messages tells us, by whichever way, is acted on here."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings

from prepazka.jobs import tasks
from prepazka.messaging.channels import mobile_of
from prepazka.messaging.port import Incoming, Receipt
from prepazka.messaging.receipts import note_receipt
from prepazka.messaging.replies import hear
from prepazka.web.limits import Limit, TooManyTries, count

# Nobody has more to say about a booking; whoever floods us is not listened to for the hour.
REPLIES = Limit("reply", 10, timedelta(hours=1))
ONCE_MORE_S = 20


def act_on(told: Iterable[Receipt | Incoming], *, gateway: str, now: datetime) -> None:
    """Write down the receipts and do what people ask for; repeated, it changes nothing."""
    for one in told:
        if isinstance(one, Incoming):
            try:
                count(REPLIES, mobile_of(one.number) or one.number, now=now)
            except TooManyTries:
                continue
            hear(one, gateway=gateway, now=now)
        elif not note_receipt(one, now=now):
            later = tasks.receipt.configure(schedule_in={"seconds": ONCE_MORE_S})
            later.defer(gateway_id=one.id, delivered=one.delivered)


def callback_token(gateway: str) -> str:
    """The secret in the address that the gateway calls."""
    secret = f"callback:{settings.SECRET_KEY}".encode()
    return hmac.new(secret, gateway.encode(), hashlib.sha256).hexdigest()[:40]
