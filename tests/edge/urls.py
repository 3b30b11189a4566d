"""The real addresses and three that no installation has."""

from __future__ import annotations

import time

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from prepazka.config import urls

handler404, handler403, handler500 = urls.handler404, urls.handler403, urls.handler500
ran: list[int] = []


def broken(request: HttpRequest) -> HttpResponse:
    secret = "heslo-do-databaze"
    raise RuntimeError(secret)


def slow(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.2)")
    return HttpResponse("slow")


def post(request: HttpRequest) -> HttpResponse:
    ran.append(len(request.body))
    time.sleep(0.05)
    return HttpResponse(str(len(request.body)))


post.csrf_exempt = True  # type: ignore[attr-defined]
urlpatterns = [
    path("test/broken/", broken),
    path("test/slow/", slow),
    path("test/post/", post),
    *urls.urlpatterns,
]
