"""SMSbrána (SMS Connect): a form, answered by XML with a code in `err`."""

from __future__ import annotations

import re

from django.conf import settings

from prepazka.core import gsm7
from prepazka.gateways.sms import sms_http
from prepazka.messaging.message_types import Sent, Sms

USUAL = "https://api.smsbrana.cz"
SENT, SENT_BEFORE = 0, -1
# Errors of the number or the text; errors of the account or the gateway are temporary.
PERMANENT = {10: "the number is not valid", 11: "the text is empty", 12: "the text is too long"}
TEMPORARY = {
    1: "unknown error",
    2: "wrong login",
    3: "wrong password",
    4: "wrong time",
    5: "this address is not allowed",
    6: "unknown action",
    7: "this salt was used today",
    8: "its database does not answer",
    9: "no credit",
}


def send(sms: Sms) -> Sent:
    """Send a message. Raises Undeliverable.

    The gateway recognises a repeated message by our key.
    """
    request = {
        "action": "send_sms",
        "login": settings.SMS_USER,
        "password": settings.SMS_PASSWORD,
        "number": sms.e164,
        "message": sms.text,
        "user_id": sms.idempotency_key,
        "data_code": "7bit" if gsm7.is_gsm7(sms.text) else "ucs2",
        "delivery_report": "1",
    }
    if sms.sender:
        request["sender_id"] = sms.sender
    answer = sms_http.post_to_gateway(
        sms_http.gateway_hosts(USUAL), "/smsconnect/http.php", data=request
    )
    error = _tag(answer.text, "err")
    if not re.fullmatch(r"-?\d{1,4}", error):
        raise sms_http.failure_of_unknown_answer(answer)
    code = int(error)
    if code not in {SENT, SENT_BEFORE}:
        why = PERMANENT.get(code) or TEMPORARY.get(code) or f"error {code}"
        raise sms_http.failure_of_refusal(why, permanent=code in PERMANENT)
    count = _tag(answer.text, "sms_count")
    part_count = int(count) if re.fullmatch(r"\d{1,3}", count) else gsm7.count_parts(sms.text)
    return Sent(id=_tag(answer.text, "sms_id") or sms.idempotency_key, parts=part_count)


def _tag(xml: str, name: str) -> str:
    """The text of a tag; a regular expression, as untrusted XML is not parsed."""
    match = re.search(rf"<{name}>\s*([^<]*?)\s*</{name}>", xml)
    return match[1] if match else ""
