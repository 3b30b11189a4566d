"""GoSMS (OAuth 2 client credentials, JSON); the channel (SMS_CHANNEL) determines the sender."""

from __future__ import annotations

import time
from threading import Lock
from typing import Any

import httpx
from django.conf import settings

from prepazka.core import gsm7
from prepazka.gateways.sms import sms_http
from prepazka.messaging.message_types import Sent, Sms

USUAL = "https://app.gosms.eu"
CREATED, UNAUTHORIZED, BAD_REQUEST = 201, 401, 400
EARLIER = 60  # seconds before its expiry from which a token is not used

_tokens: dict[tuple[str, str], tuple[str, float]] = {}
_lock = Lock()


def send(sms: Sms) -> Sent:
    """Send a message. Raises Undeliverable."""
    request: dict[str, Any] = {"message": sms.text, "recipients": [sms.e164]}
    if settings.SMS_CHANNEL:
        request["channel"] = int(settings.SMS_CHANNEL)
    answer = _post(request)
    if answer.status_code == UNAUTHORIZED:  # the token was revoked before its time
        _forget()
        answer = _post(request)
    reply = sms_http.json_of(answer)
    if answer.status_code not in {200, CREATED}:
        why = reply.get("detail") or reply.get("title") or f"HTTP {answer.status_code}"
        raise sms_http.failure_of_refusal(why, permanent=answer.status_code == BAD_REQUEST)
    recipients = reply.get("recipients")
    if isinstance(recipients, dict) and recipients.get("invalid"):
        raise sms_http.failure_of_refusal("the number is not valid", permanent=True)
    link = str(reply.get("link") or "")
    if not link:
        raise sms_http.failure_of_unknown_answer(answer)
    return Sent(id=link.rstrip("/").rsplit("/", 1)[-1], parts=gsm7.count_parts(sms.text))


def _post(request: dict[str, Any]) -> httpx.Response:
    headers = {"Authorization": f"Bearer {_token()}"}
    return sms_http.post_to_gateway(
        sms_http.gateway_hosts(USUAL), "/api/v1/messages", json=request, headers=headers
    )


def _account() -> tuple[str, str]:
    return settings.SMS_URL, settings.SMS_USER


def _forget() -> None:
    with _lock:
        _tokens.pop(_account(), None)


def _token() -> str:
    with _lock:
        token, until = _tokens.get(_account(), ("", 0.0))
    if token and time.monotonic() < until:
        return token
    answer = sms_http.post_to_gateway(
        sms_http.gateway_hosts(USUAL),
        "/oauth/v2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": settings.SMS_USER,
            "client_secret": settings.SMS_PASSWORD,
        },
    )
    reply = sms_http.json_of(answer)
    token = str(reply.get("access_token") or "")
    if answer.status_code != 200 or not token:  # noqa: PLR2004  # OK
        raise sms_http.failure_of_refusal(
            reply.get("error") or f"HTTP {answer.status_code}", permanent=False
        )
    try:
        lasts = float(reply.get("expires_in") or 0)
    except (TypeError, ValueError):
        lasts = 0.0
    with _lock:
        _tokens[_account()] = (token, time.monotonic() + lasts - EARLIER)
    return token
