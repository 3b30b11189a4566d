"""The public API, version 1: offices, free slots, and the steps of a booking."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from ninja import NinjaAPI, Status
from ninja.errors import AuthenticationError, ValidationError
from ninja.parser import Parser

from prepazka.booking import booking_lifecycle, booking_links
from prepazka.booking.contacts import contact_hash, normalise_phone
from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking, BookingState, Channel
from prepazka.booking.refusals import (
    BookingCancelled,
    ContactConfirmed,
    HoldExpired,
    HoldReleased,
)
from prepazka.booking.transitions import is_cancelled
from prepazka.core.contact import Contact
from prepazka.core.refusal import Refused
from prepazka.edge import hot_routes
from prepazka.messaging.channels import takes_phones
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug, snapshot_of
from prepazka.reporting import health as checks
from prepazka.reporting.departments import hours_of_office
from prepazka.surfaces.api import counter_resources, schemas, serializers, ticket_resources
from prepazka.surfaces.api.repeats import KEY, Key, do_once
from prepazka.surfaces.api.wrong_fields import wrong_fields
from prepazka.web import errors, limits, proof
from prepazka.web.refusals import (
    KeyReused,
    NotFound,
    NotUnderstood,
    PhonesNotTaken,
    WhoAreYou,
)
from prepazka.web.request_checks import json_body
from prepazka.web.shortcuts import now

RELEASED = "released"  # a hold that was ended by its holder or by staff
PROBLEMS = frozenset({401, 403, 404, 409, 410, 422, 429, 503})


class StrictJson(Parser):
    """Parses bodies with the limits that all JSON of requests has."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The parsed body. Raises RequestNotReadable or BodyTooLarge."""
        return json_body(request)


class Api(NinjaAPI):
    """The API; what anybody may read is kept by caches and read by pages of other sites."""

    def create_response(self, request: HttpRequest, data: Any, **options: Any) -> HttpResponse:
        """The response, not to be kept if it is of one person, device or member of staff."""
        response = super().create_response(request, data, **options)
        match = request.resolver_match
        private = {"token", "ticket"} & set(match.kwargs if match else ())
        if request.method != "GET" or private or getattr(request, "auth", None):
            response["Cache-Control"] = "no-store"
        else:
            _read_by_others(response)
        return response


def _read_by_others(response: HttpResponse) -> None:
    """Let pages of other sites read the response (CORS), as the edge's may be."""
    response["Access-Control-Allow-Origin"] = "*"
    response["Access-Control-Expose-Headers"] = "ETag, Retry-After, Deprecation, Link"


api = Api(
    parser=StrictJson(),
    title="Přepážka",
    version="1",
    description="Booking a time at a public office. Errors are RFC 9457 problems in the language"
    " of Accept-Language. No cookies are used: a booking or a ticket is opened by the token in"
    " its address, a kiosk and a member of staff by a bearer token. Every POST may carry an"
    " Idempotency-Key (a UUID). Sent again within two days with the same key, it has no further"
    " effect and gets the first response again or, for a booking, one that says how the booking is"
    " then; the same key with another request is refused with"
    " `key_reused`. A refused request does not use its key up.",
    docs_url=None,
    urls_namespace="api",
)


api.add_router("", ticket_resources.router)
api.add_router("", counter_resources.router)


def _responses(status: int, schema: Any) -> dict[Any, Any]:
    return {status: schema, PROBLEMS: schemas.Problem}


@api.exception_handler(Refused)
def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    response = errors.api_problem(request, error)
    if request.method == "GET":
        _read_by_others(response)
    return response


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return errors.api_problem(
        request, NotUnderstood(), lambda: {"errors": wrong_fields(error.errors)}
    )


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    response = errors.api_problem(request, WhoAreYou())
    response["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return errors.api_problem(request, NotFound())


@api.get("/health", response={200: schemas.HealthOut, 503: schemas.HealthOut}, tags=["operation"])
def health(request: HttpRequest) -> Any:
    """The state of all parts of the installation; 503 if an operator should look at it.

    Answered by the edge, within two seconds in any case.
    """
    try:
        with connection.cursor() as cursor:
            report = checks.health_of_database(cursor, now=now())
    except (OperationalError, InterfaceError):
        report = None
    return Status(*checks.health_answer(report))


@api.get("/offices", response=_responses(200, list[schemas.OfficeOut]), tags=["offices"])
def offices(request: HttpRequest) -> Any:
    """All offices of this installation."""
    return [serializers.office(snapshot_of(row)) for row in Office.objects.order_by("slug")]


@api.get("/offices/{slug}", response=_responses(200, schemas.OfficeDetailOut), tags=["offices"])
def office(request: HttpRequest, slug: str) -> Any:
    """One office with its services and hours."""
    office = _office_by_slug(slug)
    services = [serializers.service(office, s) for s in office.offered_services()]
    return serializers.office(office) | {
        "services": services,
        "hours": serializers.hours(office, hours_of_office, now()),
    }


@api.get(
    "/offices/{slug}/departments",
    response=_responses(200, list[schemas.DepartmentOut]),
    tags=["offices"],
)
def departments(request: HttpRequest, slug: str) -> Any:
    """Departments with their officials, services, and hours of the coming two weeks."""
    office = _office_by_slug(slug)
    return [
        serializers.department(office, d, now())
        for d in office.departments.values()
        if not d.retired
    ]


@api.get(
    "/offices/{slug}/officials",
    response=_responses(200, list[schemas.OfficialOut]),
    tags=["offices"],
)
def officials(request: HttpRequest, slug: str) -> Any:
    """Officials with their public contact, services, and hours of the coming two weeks."""
    office = _office_by_slug(slug)
    return [serializers.official(office, o, now()) for o in office.open_officials()]


@api.get("/offices/{slug}/monitor", response=_responses(200, dict[str, Any]), tags=["queue"])
def monitor(request: HttpRequest, slug: str) -> Any:
    """The live view: waiting people, estimates, last calls. Cacheable, with an ETag."""
    return _from_edge(request)


@api.get("/offices/{slug}/queues", response=_responses(200, list[dict[str, Any]]), tags=["queue"])
def queues(request: HttpRequest, slug: str) -> Any:
    """The live view as QueueMonitor entities of the Smart Data Models. Cacheable, with an ETag."""
    return _from_edge(request)


@api.get(
    "/offices/{slug}/services/{code}/slots",
    response=_responses(200, schemas.SlotsOut),
    tags=["booking"],
)
def slots(
    request: HttpRequest,
    slug: str,
    code: str,
    persons: int = 1,
    official: str = "",
    mode: str = "",
) -> Any:
    """The free slots of a service within its booking horizon. Cacheable, with an ETag.

    For a service of officials, the slots of `official`, or of whoever is free first; without
    `mode`, those of the service's usual mode.
    """
    return _from_edge(request)


@api.get(
    "/offices/{slug}/services/{code}/terms",
    response=_responses(200, schemas.TermsOut),
    tags=["booking"],
    deprecated=True,
)
def terms(
    request: HttpRequest,
    slug: str,
    code: str,
    persons: int = 1,
    official: str = "",
    mode: str = "",
) -> Any:
    """Deprecated; removed in release 1.0. Same as `/slots`, where `slots` replaces `terms`."""
    return _from_edge(request)


@api.get("/offices/{slug}/slots", response=_responses(200, schemas.NextSlotsOut), tags=["booking"])
def next_slots(
    request: HttpRequest,
    slug: str,
    service: str = "",
    official: str = "",
    department: str = "",
    most: int = 5,
    language: str = "",
) -> Any:
    """The next free slots of a service; without `service`, the first slot of each service.

    With a `language`, `page` has the words that a page in it shows around the slots, and the prefix
    of its addresses. For the whole office, or for an official or a department. Readable from other sites' pages
    (CORS), cacheable, with an ETag.
    """
    return _from_edge(request)


@api.get(
    "/offices/{slug}/next",
    response=_responses(200, schemas.NextOut),
    tags=["booking"],
    deprecated=True,
)
def next_terms(
    request: HttpRequest,
    slug: str,
    service: str = "",
    official: str = "",
    department: str = "",
    most: int = 5,
) -> Any:
    """Deprecated; removed in release 1.0. Same as `/slots`, where `slots` replaces `terms`."""
    return _from_edge(request)


@api.post("/offices/{slug}/holds", response=_responses(201, schemas.HoldOut), tags=["booking"])
def hold(
    request: HttpRequest,
    response: HttpResponse,
    slug: str,
    body: schemas.HoldIn,
    key: Key = KEY,
) -> Any:
    """Hold a slot for ten minutes. The same Idempotency-Key returns the same hold.

    If one network holds many slots, or the whole office is crowded, it is three minutes; see
    `expires_at`. A busy office asks for a `proof`, the solved challenge of `/proof`; without it a
    network may hold only a few slots. Members of staff send their token and need no proof.
    Without `official`, a service of officials is held with whoever is free; the response says who.
    """
    office = _office_by_slug(slug)
    limits.limit_booking(request, office.row, limits.HOLDS, now=now())
    service = office.service_by_code(body.service)
    official = office.official_by_code(body.official) if body.official else None
    if service is None or (body.official and official is None):
        raise NotFound
    rules = office.rules_of(service)
    proof.check_proof(request, office, rules, body.proof, now=now())
    held = booking_lifecycle.hold_slot(
        office=office,
        service=service,
        starts_at=body.starts_at,
        now=now(),
        persons=body.persons,
        channel=Channel.API,
        language=body.language,
        official=official,
        mode=body.mode or None,
        request_key=key,
        asker=limits.asker_of(request, now=now()),
    )
    if (
        (held.service_id, held.starts_at, held.persons)
        != (
            service.pk,
            body.starts_at,
            body.persons,
        )
        or held.mode != (body.mode or service.usual_mode)
        or (official and official_of(office, held) != official)
    ):
        raise KeyReused
    proof.note_hold(office, rules, now=now())
    made = _hold(held, office)
    response["Location"] = reverse("api:hold_state", args=[made["token"]])
    return Status(201, made)


@api.get("/offices/{slug}/proof", response=_responses(200, schemas.ProofOut), tags=["booking"])
def proof_of_work(request: HttpRequest, slug: str, service: str) -> Any:
    """Whether a hold of the service needs a proof of work now, and a challenge for it.

    The challenge is ALTCHA's; its solution is valid as `proof` once, within twenty minutes.
    """
    office = _office_by_slug(slug)
    chosen_service = office.service_by_code(service)
    if chosen_service is None:
        raise NotFound
    required = proof.is_asked(request, office, office.rules_of(chosen_service), now=now())
    task = json.loads(proof.signed_challenge(now=now())) if required else None
    return {"asked": required, "challenge": task}


@api.post("/holds/{token}/extend", response=_responses(200, schemas.HoldOut), tags=["booking"])
def extend(request: HttpRequest, token: str, key: Key = KEY) -> Any:
    """Extend a hold by ten minutes, or three if its network holds many slots; at most ten times."""
    booking = _held(token)
    limits.limit_booking(request, booking.office, limits.HOLDS, now=now())
    asker = limits.asker_of(request, now=now())

    def work() -> dict[str, Any]:
        with _release_explained(booking):
            held = booking_lifecycle.extend_hold(booking=booking.pk, now=now(), asker=asker)
        return _hold(held, snapshot_of(held.office))

    def again() -> dict[str, Any]:
        with _release_explained(booking):
            return _hold(_held(token), snapshot_of(booking.office))

    return _once(request, booking, key, work, again)


@api.get("/holds/{token}", response=_responses(200, schemas.HoldStateOut), tags=["booking"])
def hold_state(request: HttpRequest, token: str) -> Any:
    """What became of a hold: held, unconfirmed, confirmed by the link in the message, or over.

    The PIN and the links of a booking confirmed by a link are only in its message.
    """
    booking = _held(token)
    return {
        "state": _state(booking),
        "expires_at": booking.expires_at
        and serializers.local(snapshot_of(booking.office), booking.expires_at),
        "starts_at": serializers.local(snapshot_of(booking.office), booking.starts_at),
        "ends_at": serializers.local(snapshot_of(booking.office), booking.ends_at),
    }


@api.delete("/holds/{token}", response={204: None, PROBLEMS: schemas.Problem}, tags=["booking"])
def release(request: HttpRequest, token: str) -> Any:
    """Release the slot at once, also after the contact, until the booking is confirmed."""
    booking_lifecycle.release_hold(booking=_held(token).pk, now=now(), requested=True)
    return Status(204, None)


@api.post(
    "/holds/{token}/contact", response=_responses(202, schemas.RequestedOut), tags=["booking"]
)
def contact(request: HttpRequest, token: str, body: schemas.ContactIn, key: Key = KEY) -> Any:
    """Add the contact; if the office requires a confirmation, a message with a link asks for it.

    The message is an e-mail, or an SMS if only a mobile number is given and the office sends SMS.
    Another contact replaces the first one until the booking is confirmed: a new message is sent,
    and the link in the first one no longer works. Where no confirmation is required the response
    has the booking.
    """
    booking = _held(token)
    limits.limit_booking(request, booking.office, limits.REQUESTS, now=now())
    contact = _contact(booking.office, body)
    limits.count_try(limits.CONFIRMATIONS, contact_hash(contact.key), now=now())
    asker = limits.asker_of(request, now=now())

    def work() -> dict[str, Any]:
        with _release_explained(booking):
            target = _to_correct(booking, contact)
            requested = booking_lifecycle.request_confirmation(
                booking=target,
                contact=contact,
                now=now(),
                asker=asker,
            )
            if is_cancelled(requested):
                raise BookingCancelled
            if _state(requested) in (BookingState.EXPIRED, RELEASED):
                raise HoldExpired
        return _requested(requested)

    def again() -> dict[str, Any]:
        return _requested(_held(token))

    return Status(202, _once(request, booking, key, work, again))


@api.post("/confirmations/{token}", response=_responses(200, schemas.BookingOut), tags=["booking"])
def confirm(request: HttpRequest, token: str, key: Key = KEY) -> Any:
    """Confirm by the token of the mailed link; a repeat returns the same PIN."""
    booking = _booking_by_token(token, "confirm")

    def work() -> dict[str, Any]:
        return serializers.booking(booking_lifecycle.confirm_booking(booking=booking.pk, now=now()))

    return _once(request, booking, key, work)


@api.get("/bookings/{token}", response=_responses(200, schemas.BookingOut), tags=["booking"])
def booking(request: HttpRequest, token: str) -> Any:
    """A booking by its personal token."""
    return serializers.booking(_booking_by_token(token, "personal"))


@api.delete("/bookings/{token}", response=_responses(200, schemas.BookingOut), tags=["booking"])
def cancel(request: HttpRequest, token: str) -> Any:
    """Cancel the booking; a repeat returns the same."""
    return serializers.booking(
        booking_lifecycle.cancel_booking(booking=_booking_by_token(token, "personal").pk, now=now())
    )


def change_mode(request: HttpRequest, token: str, body: schemas.ModeIn, key: Key = KEY) -> Any:
    """Change the mode of meeting, if the office offers it at that time; the slot stays."""
    booking = _booking_by_token(token, "personal")
    phone = normalise_phone(body.phone) if body.phone else ""

    def work() -> dict[str, Any]:
        return serializers.booking(
            booking_lifecycle.change_mode(
                booking=booking.pk, mode=body.mode, phone=phone, now=now()
            )
        )

    return _once(request, booking, key, work)


if settings.MEETINGS:
    api.post(
        "/bookings/{token}/mode", response=_responses(200, schemas.BookingOut), tags=["booking"]
    )(change_mode)


@api.post("/bookings/{token}/move", response=_responses(200, schemas.BookingOut), tags=["booking"])
def move(request: HttpRequest, token: str, body: schemas.MoveIn, key: Key = KEY) -> Any:
    """Move the booking to another slot of the same service, in one step."""
    booking = _booking_by_token(token, "personal")

    def work() -> dict[str, Any]:
        return serializers.booking(
            booking_lifecycle.move_booking(booking=booking.pk, starts_at=body.starts_at, now=now())
        )

    return _once(request, booking, key, work)


def _once(
    request: HttpRequest,
    booking: Booking,
    key: UUID | None,
    work: Callable[[], dict[str, Any]],
    again: Callable[[], dict[str, Any]] | None = None,
) -> Any:
    """The response of the work, which is done once for each key of the booking.

    A repeat gets the booking as it is then, or `again`, so that no PIN or link is stored for it.
    """

    def present() -> dict[str, Any]:
        return serializers.booking(Booking.objects.get(pk=booking.pk))

    return do_once(
        request,
        principal=f"booking:{booking.pk.hex[:31]}",
        key=key,
        now=now(),
        work=work,
        again=again or present,
    )


def _office_by_slug(slug: str) -> OfficeSnapshot:
    try:
        return snapshot_by_slug(slug)
    except Office.DoesNotExist:
        raise NotFound from None


def _booking_by_token(token: str, purpose: booking_links.Purpose) -> Booking:
    booking_id = booking_links.booking_of_token(token, purpose)
    booking = (
        booking_id
        and Booking.objects.select_related("office", "service").filter(pk=booking_id).first()
    )
    if not booking:
        raise NotFound
    return booking


def _held(token: str) -> Booking:
    """The booking of a hold's token, or the one that replaced it when its contact was corrected."""
    booking = _booking_by_token(token, "hold")
    while replacement := booking_lifecycle.replacement_of(booking):
        booking = replacement
    return booking


def _requested(booking: Booking) -> dict[str, Any]:
    """A booking whose contact was given, whole only if it needs no confirmation by a link."""
    office = snapshot_of(booking.office)
    clicked = office.rules_of(office.services[booking.service_id]).confirm_min > 0
    confirmed = booking.state == BookingState.CONFIRMED
    return {
        "state": _state(booking),
        "expires_at": booking.expires_at and serializers.local(office, booking.expires_at),
        "booking": serializers.booking(booking) if confirmed and not clicked else None,
    }


def _to_correct(booking: Booking, contact: Contact) -> UUID:
    """The booking to request with this contact: a new one if it was requested with another."""
    if not booking.requested_at or booking.contact == contact:
        return booking.pk
    if booking.confirmed_at:
        raise ContactConfirmed
    return booking_lifecycle.correct_request(booking=booking.pk, now=now()).pk


@contextmanager
def _release_explained(booking: Booking) -> Iterator[None]:
    """Says of a hold that was released that it was, instead of that its time is over."""
    try:
        yield
    except HoldExpired:
        booking.refresh_from_db()
        if booking_lifecycle.was_released(booking):
            raise HoldReleased from None
        raise


def _state(booking: Booking) -> str:
    if booking.state in (BookingState.HELD, BookingState.UNCONFIRMED):
        over = booking.expires_at is not None and booking.expires_at <= now()
        return BookingState.EXPIRED if over else booking.state
    return RELEASED if booking_lifecycle.was_released(booking) else booking.state


def _from_edge(request: HttpRequest) -> HttpResponse:
    """The edge's answer, computed here; requests come here only if the edge cannot answer."""
    query = request.META.get("QUERY_STRING", "").encode()
    route = hot_routes.hot_route(request.path, query)
    try:
        if route is None:
            raise NotFound
        _office_id, body = route.read()
    except LookupError:
        raise NotFound from None
    response = HttpResponse(body, content_type="application/json")
    for header, content in route.deprecation:
        response[header.decode()] = content.decode()
    return response


def _hold(held: Booking, office: OfficeSnapshot) -> dict[str, Any]:
    if held.state != BookingState.HELD or not held.expires_at or held.expires_at <= now():
        raise HoldExpired
    return {
        "token": booking_links.sign_token(held.pk, "hold"),
        "expires_at": serializers.local(office, held.expires_at),
        "starts_at": serializers.local(office, held.starts_at),
        "ends_at": serializers.local(office, held.ends_at),
        "official": serializers.whose(office, held),
    }


def _contact(office: Office, body: schemas.ContactIn) -> Contact:
    """The contact with its mobile number in normalised form.

    Raises PhonesNotTaken if the office sends no SMS, and as normalise_phone.
    """
    if not body.phone:
        return Contact(body.name, body.email)
    if not takes_phones(office, now=now()):
        raise PhonesNotTaken
    return Contact(body.name, body.email, normalise_phone(body.phone, mobile=True))
