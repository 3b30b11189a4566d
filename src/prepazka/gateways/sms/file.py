"""Short messages written as files to the demo's mailbox."""

from __future__ import annotations

import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from django.conf import settings

from prepazka.core import gsm7
from prepazka.messaging.message_types import Sent, Sms


def send(sms: Sms) -> Sent:
    """Write the message to the folder of the demo's mailbox, named by the time."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sms.sender or "SMS"
    message["To"] = sms.e164
    message["Subject"] = f"SMS {sms.e164}"
    message["X-Idempotency-Key"] = sms.idempotency_key
    message.set_content(sms.text, cte="8bit")
    folder, name = Path(settings.SMS_FOLDER), f"{time.time_ns()}.eml"
    partial = folder / f"{name}.part"  # another suffix until it is complete
    partial.write_bytes(message.as_bytes())
    partial.rename(folder / name)
    return Sent(id=name, parts=gsm7.count_parts(sms.text))
