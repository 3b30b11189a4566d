"""Short messages kept as files beside the mails, for trying things out."""

from __future__ import annotations

import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from django.conf import settings

from prepazka.core import gsm7
from prepazka.messaging.port import Sent, Sms


def send(sms: Sms) -> Sent:
    """Write the message to the folder of the demo's mailbox, under the time of its arrival."""
    kept = EmailMessage(policy=SMTP)
    kept["From"] = sms.sender or "SMS"
    kept["To"] = sms.e164
    kept["Subject"] = f"SMS {sms.e164}"
    kept["X-Idempotency-Key"] = sms.idempotency_key
    kept.set_content(sms.text, cte="8bit")
    folder, name = Path(settings.SMS_FOLDER), f"{time.time_ns()}.eml"
    half = folder / f"{name}.part"  # another ending until it is whole
    half.write_bytes(kept.as_bytes())
    half.rename(folder / name)
    return Sent(id=name, parts=gsm7.parts(sms.text))
