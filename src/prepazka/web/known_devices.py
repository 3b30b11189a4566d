"""Browsers from which staff have logged in, so that strangers' failures do not delay them there."""

from __future__ import annotations

import secrets

from django.core import signing
from django.http import HttpRequest, HttpResponse

from prepazka.accounts.models import User
from prepazka.web import cookies

COOKIE = "prepazka_known"
SALT = "prepazka.web.known_devices"
LASTS = cookies.KNOWN_KEPT
MOST_PEOPLE = 30  # per browser; the one whose last log-in is oldest is dropped


def device_for(request: HttpRequest, username: str) -> str:
    """The browser's device id, if the username has logged in from it before; else ""."""
    device, people = _read(request)
    if not device:
        return ""
    user = User.objects.filter(username__iexact=username, pk__in=people).exists()
    return device if user else ""


def remember_device(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Set the cookie that proves that this person has logged in from this browser."""
    device, people = _read(request)
    people = [*(pk for pk in people if pk != user.pk), user.pk][-MOST_PEOPLE:]
    content = {"device": device or secrets.token_urlsafe(16), "people": people}
    cookies.write_cookie(
        response, COOKIE, signing.dumps(content, salt=SALT), max_age=LASTS, samesite="Lax"
    )


def _read(request: HttpRequest) -> tuple[str, list[int]]:
    try:
        content = signing.loads(cookies.read_cookie(request, COOKIE), salt=SALT, max_age=LASTS)
    except signing.BadSignature:
        return "", []
    return str(content["device"]), [int(pk) for pk in content["people"]]
