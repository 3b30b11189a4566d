"""The browsers from which members of staff have logged in: strangers' failures do not delay them."""

from __future__ import annotations

import secrets

from django.core import signing
from django.http import HttpRequest, HttpResponse

from prepazka.accounts.models import User
from prepazka.web import cookies

COOKIE = "prepazka_known"
SALT = "prepazka.web.known_devices"
LASTS = cookies.KNOWN_KEPT
MOST_PEOPLE = 30  # that share one computer; the one who has not come for longest is forgotten


def device_for(request: HttpRequest, username: str) -> str:
    """The id of the device, if somebody of this name has logged in from it; else nothing."""
    device, people = _read(request)
    if not device:
        return ""
    user = User.objects.filter(username__iexact=username, pk__in=people).exists()
    return device if user else ""


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Let the browser show from now on that this person has logged in from it."""
    device, people = _read(request)
    people = [*(one for one in people if one != user.pk), user.pk][-MOST_PEOPLE:]
    content = {"device": device or secrets.token_urlsafe(16), "people": people}
    cookies.write(response, COOKIE, signing.dumps(content, salt=SALT), kept=LASTS, samesite="Lax")


def _read(request: HttpRequest) -> tuple[str, list[int]]:
    try:
        content = signing.loads(cookies.read(request, COOKIE), salt=SALT, max_age=LASTS)
    except signing.BadSignature:
        return "", []
    return str(content["device"]), [int(one) for one in content["people"]]
