"""The log of a browser that was cut off; who wrote it is shown by its signatures."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from prepazka import looks
from prepazka.core import reading
from prepazka.queueing.merging import MOST, Entry, merge_log
from prepazka.queueing.refusals import GrantUnknown, SignatureWrong
from prepazka.web.request_checks import BodyTooLarge, RequestNotReadable, json_body
from prepazka.web.shortcuts import now

WORKER = Path(looks.__file__).parent / "static/looks/offline/worker.js"


@csrf_exempt  # no cookie is asked for: the signatures are what counts
@never_cache
@require_POST
def log(request: HttpRequest) -> HttpResponse:
    """Merge `{grant, events: [{seq, body, sig}]}`, as far as the limit of entries.

    Answers `{merged, part}`: the number of the last entry that is kept, and how many entries and
    bytes one message may have; 413 and `part`, if it has more bytes.
    """
    part = {"entries": MOST, "bytes": settings.DATA_UPLOAD_MAX_MEMORY_SIZE}
    try:
        said = json_body(request)
        entries = [Entry(_id(e["seq"]), str(e["body"]), str(e["sig"])) for e in said["events"]]
        grant = _id(said["grant"])
    except BodyTooLarge:
        return JsonResponse({"code": "too_large", "part": part}, status=413)
    except (RequestNotReadable, ValueError, KeyError, TypeError):
        return JsonResponse({"code": "not_understood"}, status=400)
    try:
        merged = merge_log(grant=grant, entries=entries, now=now())
    except (GrantUnknown, SignatureWrong) as refused:
        return JsonResponse({"code": type(refused).__name__}, status=403)
    return JsonResponse({"merged": merged, "part": part})


def _id(said: object) -> int:
    number = reading.whole(said)
    if number is None:
        raise ValueError(said)
    return number


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The service worker; it stands at the root, so that it may keep kiosk and console."""
    answer = HttpResponse(WORKER.read_bytes(), content_type="text/javascript; charset=utf-8")
    answer["Cache-Control"] = "no-cache"
    return answer
