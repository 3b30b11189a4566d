"""The real addresses and some that no installation has."""

from __future__ import annotations

import time

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from prepazka.config import urls

handler404, handler403, handler500 = urls.handler404, urls.handler403, urls.handler500
ran: list[int] = []
pressing: list[int] = []


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


def press(request: HttpRequest) -> HttpResponse:
    """Says how many presses are under way, itself among them."""
    pressing.append(1)
    time.sleep(0.1)
    now = len(pressing)
    pressing.pop()
    return HttpResponse(str(now))


post.csrf_exempt = True  # type: ignore[attr-defined]
press.csrf_exempt = True  # type: ignore[attr-defined]
urlpatterns = [
    path("test/broken/", broken),
    path("test/slow/", slow),
    path("test/post/", post),
    path("test/krok/", press),
    path("pult/lhota/krok/test/", press),
    path("ucet/login/test/", press),
    *urls.urlpatterns,
]
