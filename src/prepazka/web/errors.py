"""Error responses: the page or JSON problem for each refusal and HTTP error, translated."""

from __future__ import annotations

import sys
from collections.abc import Callable
from http import HTTPStatus

import psycopg
from django.core.exceptions import DisallowedHost, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponsePermanentRedirect, JsonResponse
from django.shortcuts import render
from django.urls import is_valid_path
from django.utils import translation
from django.utils.encoding import escape_uri_path
from django.utils.translation import gettext as _

from prepazka.core.refusal import Refused

PROBLEM = "application/problem+json"
UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE
# All other refusals are conflicts with what others have done: 409.
STATUS = {
    "SlotNotOffered": 409,
    "HoldExpired": 410,
    "HoldReleased": 410,
    "ConfirmationTooLate": 410,
    "BookingOver": 410,
    "MeetingOver": 410,
    "MeetingCancelled": 410,
    "LinkRevoked": 410,
    "OtherDay": 410,
    "RemovedFromRoom": 403,
    "OnlyTheChair": 403,
    "NotInside": 403,
    "NothingSaid": 422,
    "NoRoomAddress": 422,
    "MovedOn": 503,
    "WaitForOfficial": 503,
    "TooManyPersons": 422,
    "DevicePaused": 429,
    "SecondAnswerNeeded": 403,
    "CodeNeeded": 403,
    "TooManyTries": 429,
    "TooManyHolds": 429,
    "NotUnderstood": 422,
    "PhoneNotUnderstood": 422,
    "PhoneNotMobile": 422,
    "PhoneOfOtherCountry": 422,
    "PhoneWithExtension": 422,
    "AddressNotUnderstood": 422,
    "NameWithoutLetter": 422,
    "KeyReused": 422,
    "PhonesNotTaken": 422,
    "RequestNotReadable": 400,
    "TextNotReadable": 400,
    "CookieNotReadable": 400,
    "EncodingNotTaken": 415,
    "BodyTooSlow": 408,
    "HeadersTooLarge": 431,
    "BodyTooLarge": 413,
    "FileTooLarge": 413,
    "FileUnknown": 415,
    "FileEmpty": 422,
    "CrestNotChosen": 422,
    "CrestUnreadable": 415,
    "CrestTooHeavy": 413,
    "CrestMisshapen": 422,
    "MinutesNotUnderstood": 422,
    "NoDocument": 404,
    "FileLost": 410,
    "MinutesLost": 410,
    "MinutesNotPrinted": 404,
    "NotFound": 404,
    "NotAllowed": 403,
    "LogInFirst": 403,
    "WhoAreYou": 401,
}


def status_of(error: Refused) -> int:
    """The HTTP status for the refusal."""
    return STATUS.get(type(error).__name__, 409)


def refusal_sentence(error: Refused) -> str:
    """The refusal's message in the active language."""
    return _(error.message) % error.params if error.params else _(error.message)


def refusal_response(request: HttpRequest, error: Refused) -> HttpResponse:
    """The response with the refusal's message and status."""
    with _language(request):
        response = _page(request, status_of(error), refusal_sentence(error), error.code)
    return mark_retry(response, error)


def mark_retry(response: HttpResponse, error: Refused) -> HttpResponse:
    """The response with a Retry-After header, if the refusal has `retry_after`."""
    if seconds := getattr(error, "retry_after", 0):
        response["Retry-After"] = str(seconds)
    return response


def is_away(error: BaseException | None) -> bool:
    """Whether the error means that the database was unreachable or did not answer in time.

    Libraries wrap the driver's errors, so the causes are checked too.
    """
    away = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
    return error is not None and (isinstance(error, away) or is_away(error.__cause__))


def is_in_doubt(error: BaseException | None) -> bool:
    """Whether the connection was lost during a commit, so that its outcome is unknown.

    `config.postgresql` sets the attribute.
    """
    return error is not None and (
        getattr(error, "commit_in_doubt", False) or is_in_doubt(error.__cause__)
    )


def unavailable_response(request: HttpRequest, error: BaseException | None = None) -> HttpResponse:
    """503 for an unreachable database; says whether a repeat is safe or the commit in doubt."""
    with _language(request):
        if request.method not in {"GET", "HEAD"} and is_in_doubt(error):
            text = _(
                "The service is not available at the moment, and your last step may not "
                "have been saved. Please check in a minute before you send it again."
            )
        else:
            text = _(
                "The service is not available at the moment. Nothing was changed; "
                "please try again in a minute."
            )
        response = _page(request, 503, text, "unavailable")
    response["Retry-After"] = "20"
    return response


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404; an address of the API with a slash too many is sent on, with its method and body."""
    if is_api(request) and (address := _without_slash(request)):
        return HttpResponsePermanentRedirect(address, preserve_request=True)
    with _language(request):
        text = _("This page does not exist. Please check the address.")
        return _page(request, 404, text, "not_found")


def _without_slash(request: HttpRequest) -> str | None:
    """The address without its last slash, if that is one of this site."""
    path = request.path.rstrip("/")
    if path == request.path or not is_valid_path(path):
        return None
    query = request.META.get("QUERY_STRING", "")
    return f"{escape_uri_path(path)}?{query}" if query else escape_uri_path(path)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 for an error already logged; 503 if a middleware lost the database."""
    if is_away(error := sys.exc_info()[1]):
        return unavailable_response(request, error)
    with _language(request):
        text = _("Something went wrong on our side. Please try again later.")
        return _page(request, 500, text, "broken")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400 or 413 for requests that Django rejects, such as ones with a wrong host name."""
    with _language(request):
        if isinstance(exception, DisallowedHost):
            text = _("This site does not answer under this name. Please check the address.")
            return _page(request, 400, text, "host_not_served")
        if isinstance(exception, RequestDataTooBig):
            text = _("This is too long to be sent at once. Please shorten it.")
            return _page(request, 413, text, "body_too_large")
        text = _("This request cannot be read. Please go back and try again.")
        return _page(request, 400, text, "request_not_readable")


def as_problem(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The API's error response as an RFC 9457 problem with the same headers.

    A 503 is not changed: it is a problem already, or the documented state of the health endpoint.
    """
    is_problem = response.headers.get("Content-Type", "").startswith(PROBLEM)
    if (
        is_problem
        or response.status_code < HTTPStatus.BAD_REQUEST
        or response.status_code == UNAVAILABLE
    ):
        return response
    with _language(request):
        texts = {
            405: (_("This address does not accept this method."), "method_not_allowed"),
            406: (_("This response is available in JSON only."), "not_acceptable"),
            415: (_("Please send the request as JSON."), "unsupported_media_type"),
            500: (_("Something went wrong on our side. Please try again later."), "broken"),
        }
        default = (
            _("This request cannot be read. Please go back and try again."),
            "not_understood",
        )
        replacement = problem(response.status_code, *texts.get(response.status_code, default))
    for name, value in response.items():
        if name not in {"Content-Type", "Content-Length"}:
            replacement[name] = value
    return replacement


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form with a wrong or expired CSRF token."""
    text = _("The form has expired. Please go back, load the page again and send it once more.")
    return _page(request, 403, text, "form_expired")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403 for logged-in people without the right."""
    return _page(request, 403, _("You are not allowed to see this page."), "forbidden")


def problem(status: int, text: str, code: str, **members: object) -> JsonResponse:
    """An RFC 9457 response: a stable `code` for programs and a sentence for people."""
    return JsonResponse(
        {"type": "about:blank", "status": status, "title": text, "code": code, **members},
        status=status,
        content_type=PROBLEM,
        json_dumps_params={"ensure_ascii": False},
    )


def api_problem(
    request: HttpRequest, error: Refused, members: Callable[[], dict[str, object]] = dict
) -> JsonResponse:
    """The refusal as a problem, in the language of the Accept-Language header.

    `members` makes further ones in that language.
    """
    with _language(request):
        response = problem(status_of(error), refusal_sentence(error), error.code, **members())
        response["Content-Language"] = translation.get_language() or ""
    mark_retry(response, error)
    return response


def is_api(request: HttpRequest) -> bool:
    """Whether the request is for the API."""
    return request.path.startswith("/api/")


def _language(request: HttpRequest) -> translation.override:
    """The request's language: from the header for the API, else the active one."""
    if is_api(request):
        return translation.override(translation.get_language_from_request(request))
    return translation.override(translation.get_language())


def _page(request: HttpRequest, status: int, text: str, code: str) -> HttpResponse:
    if is_api(request) or "application/json" in request.headers.get("Accept", ""):
        return problem(status, text, code)
    return render(request, "looks/error.html", {"text": text}, status=status)
