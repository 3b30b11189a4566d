"""Reading and writing cookies, named `__Host-…` under https so that no other host can set them.

Such a cookie belongs to this host alone, with all of its paths. Cookies of the previous release
have plain names; in this release they are read too, and set again under the new name.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage
from django.http import HttpRequest, HttpResponse

from prepazka.core.browser_rules import HOST_PREFIX

Handler = Callable[[HttpRequest], HttpResponse]
DEVICE_KEPT = timedelta(days=400)  # the longest that browsers keep cookies; renewed at every start
KNOWN_KEPT = timedelta(days=180)
HOLD = "hold"  # the signed token of the last hold made in a citizen's browser
# Cookies of the previous release: the lifetime from now on (None: until the browser is closed),
# and the SameSite attribute.
CARRIED: dict[str, tuple[timedelta | None, str]] = {
    "sessionid": (None, "Lax"),
    "csrftoken": (timedelta(days=364), "Lax"),
    "prepazka_kiosk": (DEVICE_KEPT, "Strict"),
    "prepazka_panel": (DEVICE_KEPT, "Strict"),
    "prepazka_known": (KNOWN_KEPT, "Lax"),
    "prepazka_kontrast": (None, "Strict"),
    HOLD: (None, "Lax"),
}


def name_of(plain: str) -> str:
    """The cookie's name in this installation."""
    return HOST_PREFIX + plain if settings.HTTPS else plain


def read_cookie(request: HttpRequest, plain: str) -> str:
    """The cookie's value, or "" if the browser has none."""
    return request.COOKIES.get(name_of(plain), "")


def write_cookie(
    response: HttpResponse, plain: str, value: str, *, max_age: timedelta | None, samesite: str
) -> None:
    """Set an HttpOnly cookie; `max_age` None keeps it until the browser is closed."""
    response.set_cookie(
        name_of(plain),
        value,
        max_age=max_age,
        path="/",
        secure=settings.HTTPS,
        httponly=True,
        samesite=samesite,  # type: ignore[arg-type]  # the stubs want literals
    )


class CarriedCookies:
    """Reads cookies of the previous release under https, and sets them under their new names.

    The old cookies stay in the browser, because a node of the previous release may still get
    requests; this release ignores them once the new ones exist.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        carried = [] if not settings.HTTPS else self._copy_old_cookies(request)
        response = self.get_response(request)
        for plain in carried:
            if name_of(plain) not in response.cookies:  # else the view has set or deleted it
                max_age, samesite = CARRIED[plain]
                write_cookie(
                    response, plain, request.COOKIES[plain], max_age=max_age, samesite=samesite
                )
        if settings.HTTPS:
            self._delete_old_cookies(request, response)
        return response

    @staticmethod
    def _copy_old_cookies(request: HttpRequest) -> list[str]:
        present = [name for name in CARRIED if name in request.COOKIES]
        carried = [plain for plain in present if name_of(plain) not in request.COOKIES]
        for plain in carried:
            request.COOKIES[name_of(plain)] = request.COOKIES[plain]
        return carried

    @staticmethod
    def _delete_old_cookies(request: HttpRequest, response: HttpResponse) -> None:
        """Delete the old cookie together with the new one, or it would be carried over again."""
        for plain in CARRIED:
            morsel = response.cookies.get(name_of(plain))
            if plain in request.COOKIES and morsel is not None and morsel["max-age"] == 0:
                response.delete_cookie(plain)


class MessageCookie(CookieStorage):
    """Messages for the next page, in a cookie with our name."""

    @property
    def cookie_name(self) -> str:  # type: ignore[override]  # a plain attribute there
        """The cookie's name in this installation."""
        return name_of("messages")


class Messages(FallbackStorage):
    """Messages in the cookie; those that do not fit go to the session."""

    storage_classes = (MessageCookie, SessionStorage)
