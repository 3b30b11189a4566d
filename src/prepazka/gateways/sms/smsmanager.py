"""SmsManager: a form, answered by one line `OK|id|number` or `ERROR|code`."""

from __future__ import annotations

from django.conf import settings

from prepazka.core import gsm7
from prepazka.gateways.sms import sms_http
from prepazka.messaging.message_types import Sent, Sms

USUAL = "https://http-api.smsmanager.cz"
PERMANENT = {"201": "the number is not valid", "202": "the text is not valid or is too long"}
TEMPORARY = {
    "101": "the request is not complete",
    "102": "wrong key",
    "103": "wrong login",
    "104": "unknown kind of gateway",
    "105": "no credit",
}


def send(sms: Sms) -> Sent:
    """Send a message. Raises Undeliverable.

    SMS_CHANNEL is the kind of gateway: high, economy or lowcost.
    """
    request = {
        "apikey": settings.SMS_PASSWORD,
        "number": sms.e164.removeprefix("+"),
        "message": sms.text,
        "gateway": settings.SMS_CHANNEL or "high",
        "customid": sms.idempotency_key,
    }
    if sms.sender:
        request["sender"] = sms.sender
    answer = sms_http.post_to_gateway(sms_http.gateway_hosts(USUAL), "/Send", data=request)
    word, _, details = answer.text.strip().partition("|")
    fields = details.split("|")
    if word == "OK" and fields[0]:
        return Sent(id=fields[0], parts=gsm7.count_parts(sms.text))
    if word != "ERROR" or not fields[0]:
        raise sms_http.failure_of_unknown_answer(answer)
    code = fields[0]
    why = PERMANENT.get(code) or TEMPORARY.get(code) or f"error {code}"
    raise sms_http.failure_of_refusal(why, permanent=code in PERMANENT)
