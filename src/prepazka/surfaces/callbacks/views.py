"""Callbacks of SMS gateways, at secret addresses; repeating one has no further effect."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from prepazka.gateways.sms import incoming
from prepazka.web.inbound_sms import callback_token, process_callback
from prepazka.web.limits import Limit, TooManyTries, count_try, limit_address
from prepazka.web.request_checks import body_of
from prepazka.web.shortcuts import now

log = logging.getLogger(__name__)

LONGEST = 256 * 1024
CALLS = Limit("callback", 3000, timedelta(minutes=1))
WRONG = Limit("callback-wrong", 30, timedelta(minutes=10))


@csrf_exempt  # a program calls it; the secret is in the address
@require_http_methods(["GET", "POST"])
def sms_callback(request: HttpRequest, gateway: str, token: str) -> HttpResponse:
    """Process a gateway's callback: 200 once it is processed, 400 if it is not understood."""
    moment = now()
    if gateway not in incoming.READERS or not secrets.compare_digest(
        token.encode(), callback_token(gateway).encode()
    ):
        limit_address(request, WRONG, now=moment)
        raise Http404
    try:
        count_try(CALLS, gateway, now=moment)
    except TooManyTries as refusal:
        return HttpResponse(status=429, headers={"Retry-After": str(refusal.retry_after)})
    body = body_of(request)
    if len(body) > LONGEST:
        return HttpResponse(status=413)
    try:
        reports = incoming.read_callback(gateway, query=request.META["QUERY_STRING"], body=body)
    except incoming.NotUnderstood:
        log.warning("a callback of %s could not be understood", gateway)
        return HttpResponse("?", content_type="text/plain", status=400)
    process_callback(reports, gateway=gateway, now=moment)
    return HttpResponse("OK", content_type="text/plain")
