"""Names of our cookies: `__Host-…` under https, where no other host and no plain page can set them.

Such a cookie belongs to this host alone, with all of its paths. Cookies of the release before have
plain names: for this release they are read too, and given back under the new name.
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
DEVICE_KEPT = timedelta(days=400)  # browsers keep no cookie longer, and every start renews it
KNOWN_KEPT = timedelta(days=180)
HOLD = "hold"  # the last hold of a citizen's browser, as its signed link
# Of the release before: how long the cookie is kept from now on, None: as long as the browser's
# session; and from where the browser may send it.
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
    """What the cookie is called in this installation."""
    return HOST_PREFIX + plain if settings.HTTPS else plain


def read(request: HttpRequest, plain: str) -> str:
    """The cookie's value; empty, if the browser has none."""
    return request.COOKIES.get(name_of(plain), "")


def write(
    response: HttpResponse, plain: str, value: str, *, kept: timedelta | None, samesite: str
) -> None:
    """Give the browser the cookie, out of the reach of scripts; `kept` None: until it is closed."""
    response.set_cookie(
        name_of(plain),
        value,
        max_age=kept,
        path="/",
        secure=settings.HTTPS,
        httponly=True,
        samesite=samesite,  # type: ignore[arg-type]  # the stubs want literals
    )


class CarriedCookies:
    """Reads cookies of the release before under https, and gives them back under their new names.

    The old ones stay in the browser, for a node of the release before may still be asked; with the
    new one there, nobody reads them.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        carried = [] if not settings.HTTPS else self._carry(request)
        response = self.get_response(request)
        for plain in carried:
            if name_of(plain) not in response.cookies:  # else the view has set or deleted it
                kept, samesite = CARRIED[plain]
                write(response, plain, request.COOKIES[plain], kept=kept, samesite=samesite)
        if settings.HTTPS:
            self._delete_with(request, response)
        return response

    @staticmethod
    def _carry(request: HttpRequest) -> list[str]:
        old = [name for name in CARRIED if name in request.COOKIES]
        carried = [plain for plain in old if name_of(plain) not in request.COOKIES]
        for plain in carried:
            request.COOKIES[name_of(plain)] = request.COOKIES[plain]
        return carried

    @staticmethod
    def _delete_with(request: HttpRequest, response: HttpResponse) -> None:
        """Whoever deletes a cookie deletes the old one, or it would come back."""
        for plain in CARRIED:
            morsel = response.cookies.get(name_of(plain))
            if plain in request.COOKIES and morsel is not None and morsel["max-age"] == 0:
                response.delete_cookie(plain)


class MessageCookie(CookieStorage):
    """What the next page says of the press before it, in a cookie of ours."""

    @property
    def cookie_name(self) -> str:  # type: ignore[override]  # a plain attribute there
        """Its name in this installation."""
        return name_of("messages")


class Messages(FallbackStorage):
    """Messages in the cookie; what does not fit, in the session."""

    storage_classes = (MessageCookie, SessionStorage)
