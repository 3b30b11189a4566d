"""Merging the log of a browser that was off-line, authenticated by the entries' signatures."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from prepazka import looks
from prepazka.core import reading
from prepazka.queueing.offline_logs import MOST, Entry, merge_log
from prepazka.queueing.refusals import GrantUnknown, SignatureWrong
from prepazka.web.request_checks import BodyTooLarge, RequestNotReadable, json_body
from prepazka.web.shortcuts import now

WORKER = Path(looks.__file__).parent / "static/looks/offline/worker.js"


@csrf_exempt  # no cookie is used; entries are authenticated by signatures
@never_cache
@require_POST
def merge_offline_log(request: HttpRequest) -> HttpResponse:
    """Merge `{grant, events: [{seq, body, sig}]}`, up to the limit of entries.

    Returns `{merged, part}`: the number of the last merged entry, and the limits of entries and
    bytes of one request; 413 and `part` if the body is larger.
    """
    batch_limits = {"entries": MOST, "bytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
    try:
        body = json_body(request)
        entries = [Entry(_id(e["seq"]), str(e["body"]), str(e["sig"])) for e in body["events"]]
        grant = _id(body["grant"])
    except BodyTooLarge:
        return JsonResponse({"code": "too_large", "part": batch_limits}, status=413)
    except (RequestNotReadable, ValueError, KeyError, TypeError):
        return JsonResponse({"code": "not_understood"}, status=400)
    try:
        merged = merge_log(grant=grant, entries=entries, now=now())
    except (GrantUnknown, SignatureWrong) as refused:
        return JsonResponse({"code": type(refused).__name__}, status=403)
    return JsonResponse({"merged": merged, "part": batch_limits})


def _id(field: object) -> int:
    number = reading.read_whole_number(field)
    if number is None:
        raise ValueError(field)
    return number


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The service worker, at the root, so that its scope includes kiosk and console."""
    response = HttpResponse(WORKER.read_bytes(), content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    return response
