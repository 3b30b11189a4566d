"""BulkGate (simple API 1.0, JSON)."""

from __future__ import annotations

from django.conf import settings

from prepazka.core import gsm7
from prepazka.gateways.sms import sms_http
from prepazka.messaging.message_types import Sent, Sms

USUAL = "https://portal.bulkgate.com"
PERMANENT = {"invalid_phone_number", "blacklisted_number", "empty_message", "no_recipients"}
ON_THE_WAY = {"accepted", "sent", "scheduled"}


def send(sms: Sms) -> Sent:
    """Send a message. Raises Undeliverable.

    The gateway drops the same text to the same number within five minutes.
    """
    request = {
        "application_id": settings.SMS_USER,
        "application_token": settings.SMS_PASSWORD,
        "number": sms.e164.removeprefix("+"),
        "text": sms.text,
        "unicode": not gsm7.is_gsm7(sms.text),
        "duplicates_check": "on",
        "tag": sms.idempotency_key,
        **_sender(sms.sender),
    }
    answer = sms_http.post_to_gateway(
        sms_http.gateway_hosts(USUAL), "/api/1.0/simple/transactional", json=request
    )
    reply = sms_http.json_of(answer)
    delivery = reply.get("data")
    if not isinstance(delivery, dict):
        if "error" not in reply and "type" not in reply:
            raise sms_http.failure_of_unknown_answer(answer)
        kind = str(reply.get("type") or "")
        raise sms_http.failure_of_refusal(reply.get("error") or kind, permanent=kind in PERMANENT)
    if delivery.get("status") not in ON_THE_WAY:
        why = str(delivery.get("error") or delivery.get("code") or delivery.get("status"))
        raise sms_http.failure_of_refusal(why, permanent=why in PERMANENT)
    part_ids = delivery.get("part_id")
    count = len(part_ids) if isinstance(part_ids, list) and part_ids else gsm7.count_parts(sms.text)
    return Sent(id=str(delivery.get("sms_id") or sms.idempotency_key), parts=count)


def _sender(sender: str) -> dict[str, str]:
    if not sender:
        return {"sender_id": "gSystem"}
    if sender.lstrip("+").isdigit():
        return {"sender_id": "gOwn", "sender_id_value": sender.lstrip("+")}
    return {"sender_id": "gText", "sender_id_value": sender}
