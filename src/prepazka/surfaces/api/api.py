"""The public API, version 1: offices and terms to read, and the way of one booking."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Header, NinjaAPI, Status
from ninja.errors import AuthenticationError, ValidationError
from ninja.parser import Parser

from prepazka.booking import links, usecases
from prepazka.booking.contacts import contact_hash, contact_of, normalise_phone
from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking, Channel, State
from prepazka.booking.refusals import HoldExpired
from prepazka.core.refusal import Refused
from prepazka.edge import answers
from prepazka.messaging.channels import takes_phones
from prepazka.offices.directory import Directory, directory, directory_by_slug
from prepazka.offices.models import Office
from prepazka.reporting import health as checks
from prepazka.surfaces.api import counters, schemas, shown, tickets
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

PROBLEMS = frozenset({401, 403, 404, 409, 410, 422, 429, 503})


class StrictJson(Parser):
    """Reads bodies as every other JSON of a request is read."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The value of the body; Refused where it cannot be read."""
        return json_body(request)


api = NinjaAPI(
    parser=StrictJson(),
    title="Přepážka",
    version="1",
    description="Booking a time at a public office. Errors are RFC 9457 problems in the language"
    " of Accept-Language. No cookies are used: a booking or a ticket is opened by the token in"
    " its address, a kiosk and a member of staff by a bearer token. Every POST may carry an"
    " Idempotency-Key (a UUID); sent again with the same key, it has its effect once.",
    docs_url=None,
    urls_namespace="api",
)


api.add_router("", tickets.router)
api.add_router("", counters.router)


def _answers(status: int, schema: Any) -> dict[Any, Any]:
    return {status: schema, PROBLEMS: schemas.Problem}


@api.exception_handler(Refused)
def _refused(request: HttpRequest, error: Refused) -> HttpResponse:
    answer = errors.api_problem(request, error)
    if request.method == "GET":  # as the good answers of the edge, for pages of other sites
        answer["Access-Control-Allow-Origin"] = "*"
    return answer


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    return errors.api_problem(request, NotUnderstood())


@api.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    answer = errors.api_problem(request, WhoAreYou())
    answer["WWW-Authenticate"] = "Bearer"
    return answer


@api.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return errors.api_problem(request, NotFound())


@api.get("/health", response={200: schemas.HealthOut, 503: schemas.HealthOut}, tags=["operation"])
def health(request: HttpRequest) -> Any:
    """Whether all parts do their work; 503 where somebody should look.

    The edge answers first, and within two seconds whatever happens.
    """
    try:
        with connection.cursor() as cursor:
            found = checks.health(cursor, now=now())
    except (OperationalError, InterfaceError):
        found = None
    return Status(*checks.answer(found))


@api.get("/offices", response=_answers(200, list[schemas.OfficeOut]), tags=["offices"])
def offices(request: HttpRequest) -> Any:
    """All offices of this installation."""
    return [shown.office(directory(row)) for row in Office.objects.order_by("slug")]


@api.get("/offices/{slug}", response=_answers(200, schemas.OfficeDetailOut), tags=["offices"])
def office(request: HttpRequest, slug: str) -> Any:
    """One office with its services and hours."""
    where = _where(slug)
    services = [shown.service(where, one) for one in where.offered_services()]
    return shown.office(where) | {
        "services": services,
        "hours": shown.hours(where, Directory.office_hours, now()),
    }


@api.get(
    "/offices/{slug}/departments",
    response=_answers(200, list[schemas.DepartmentOut]),
    tags=["offices"],
)
def departments(request: HttpRequest, slug: str) -> Any:
    """Departments with their officials, services, and hours of the coming two weeks."""
    where = _where(slug)
    return [shown.department(where, d, now()) for d in where.departments.values() if not d.retired]


@api.get(
    "/offices/{slug}/officials", response=_answers(200, list[schemas.OfficialOut]), tags=["offices"]
)
def officials(request: HttpRequest, slug: str) -> Any:
    """Officials with their public contact, services, and hours of the coming two weeks."""
    where = _where(slug)
    return [shown.official(where, one, now()) for one in where.open_officials()]


@api.get("/offices/{slug}/monitor", response=_answers(200, dict[str, Any]), tags=["queue"])
def monitor(request: HttpRequest, slug: str) -> Any:
    """The live view: waiting people, estimates, last calls. Cacheable, with an ETag."""
    return _from_edge(request)


@api.get("/offices/{slug}/queues", response=_answers(200, list[dict[str, Any]]), tags=["queue"])
def queues(request: HttpRequest, slug: str) -> Any:
    """The live view as QueueMonitor entities of the Smart Data Models. Cacheable, with an ETag."""
    return _from_edge(request)


@api.get(
    "/offices/{slug}/services/{code}/terms",
    response=_answers(200, schemas.TermsOut),
    tags=["booking"],
)
def terms(
    request: HttpRequest,
    slug: str,
    code: str,
    persons: int = 1,
    official: str = "",
    mode: str = "",
) -> Any:
    """The free terms of a service in its whole horizon. Cacheable, with an ETag.

    A service of officials is offered with `official`, or with whoever is soonest; without a `mode`
    in the usual one of the service.
    """
    return _from_edge(request)


@api.get("/offices/{slug}/next", response=_answers(200, schemas.NextOut), tags=["booking"])
def next_terms(
    request: HttpRequest,
    slug: str,
    service: str = "",
    official: str = "",
    department: str = "",
    most: int = 5,
) -> Any:
    """The next terms of a service; without one, the first term of each service there is.

    Of the whole office, or of what an official or a department takes. Readable from pages of
    other sites (CORS), cacheable, with an ETag.
    """
    return _from_edge(request)


@api.post("/offices/{slug}/holds", response=_answers(201, schemas.HoldOut), tags=["booking"])
def hold(
    request: HttpRequest,
    slug: str,
    wanted: schemas.HoldIn,
    key: Annotated[UUID | None, Header(alias="Idempotency-Key")] = None,
) -> Any:
    """Keep a term for ten minutes. Repeated with the same Idempotency-Key, it is the same hold.

    Where one network keeps many terms, or the whole office is crowded, it is three minutes:
    `expires_at` says it. A busy office asks for a `proof`, the solved task of `/proof`; without
    it a network may hold a few terms only. Members of staff send their token and need none.
    Without `official`, a service of officials is held with whoever is free; the answer says who.
    """
    where = _where(slug)
    limits.limit_booking(request, where.office, limits.HOLDS, now=now())
    service = where.service_by_code(wanted.service)
    official = where.official_by_code(wanted.official) if wanted.official else None
    if service is None or (wanted.official and official is None):
        raise NotFound
    rules = where.rules_of(service)
    proof.check(request, where, rules, wanted.proof, now=now())
    held = usecases.hold_term(
        office=where,
        service=service,
        starts_at=wanted.starts_at,
        now=now(),
        persons=wanted.persons,
        channel=Channel.API,
        language=wanted.language,
        official=official,
        mode=wanted.mode or None,
        request_key=key,
        asker=limits.asker_of(request, now=now()),
    )
    if (
        (held.service_id, held.starts_at, held.persons)
        != (
            service.pk,
            wanted.starts_at,
            wanted.persons,
        )
        or held.mode != (wanted.mode or service.usual_mode)
        or (official and official_of(where, held) != official)
    ):
        raise KeyReused
    proof.note_hold(where, rules, now=now())
    return Status(201, _hold(held, where))


@api.get("/offices/{slug}/proof", response=_answers(200, schemas.ProofOut), tags=["booking"])
def proof_of_work(request: HttpRequest, slug: str, service: str) -> Any:
    """Whether a hold of the service needs a proof of work now, and a task for it.

    The task is an ALTCHA challenge; its solution is sent as `proof`, within twenty minutes and once.
    """
    where = _where(slug)
    wanted = where.service_by_code(service)
    if wanted is None:
        raise NotFound
    asked = proof.is_asked(request, where, where.rules_of(wanted), now=now())
    task = json.loads(proof.challenge(now=now())) if asked else None
    return {"asked": asked, "challenge": task}


@api.post("/holds/{token}/extend", response=_answers(200, schemas.HoldOut), tags=["booking"])
def extend(request: HttpRequest, token: str) -> Any:
    """As long again, at most ten times: ten minutes, or three where a network keeps many terms."""
    wanted = _read(token, "hold")
    limits.limit_booking(request, wanted.office, limits.HOLDS, now=now())
    asker = limits.asker_of(request, now=now())
    held = usecases.extend_hold(booking=wanted.pk, now=now(), asker=asker)
    return _hold(held, directory(held.office))


@api.delete("/holds/{token}", response={204: None, PROBLEMS: schemas.Problem}, tags=["booking"])
def release(request: HttpRequest, token: str) -> Any:
    """Give the term back at once."""
    usecases.release_hold(booking=_read(token, "hold").pk, now=now())
    return Status(204, None)


@api.post("/holds/{token}/contact", response=_answers(202, schemas.RequestedOut), tags=["booking"])
def contact(request: HttpRequest, token: str, said: schemas.ContactIn) -> Any:
    """Say who comes; a message with a link asks for the confirmation, where the office wants one.

    It goes by e-mail, or by SMS to who gives a mobile number only, where the office sends them.
    """
    held = links.read(token, "hold")
    if held is None:
        raise NotFound
    office = Office.objects.filter(bookings__pk=held).first()
    if office is None:
        raise NotFound
    limits.limit_booking(request, office, limits.REQUESTS, now=now())
    phone = _phone(office, said.phone) if said.phone else ""
    limits.count(limits.CONFIRMATIONS, contact_hash(contact_of(said.email, phone)), now=now())
    try:
        done = usecases.request_confirmation(
            booking=held,
            name=said.name,
            email=said.email,
            phone=phone,
            now=now(),
            asker=limits.asker_of(request, now=now()),
        )
    except Booking.DoesNotExist:
        raise NotFound from None
    return Status(202, {"state": done.state, "expires_at": done.expires_at})


@api.post("/confirmations/{token}", response=_answers(200, schemas.BookingOut), tags=["booking"])
def confirm(request: HttpRequest, token: str) -> Any:
    """Confirm by the token of the mailed link; repeated, it answers with the same PIN."""
    return shown.booking(usecases.confirm_booking(booking=_read(token, "confirm").pk, now=now()))


@api.get("/bookings/{token}", response=_answers(200, schemas.BookingOut), tags=["booking"])
def booking(request: HttpRequest, token: str) -> Any:
    """A booking by its personal token."""
    return shown.booking(_read(token, "personal"))


@api.delete("/bookings/{token}", response=_answers(200, schemas.BookingOut), tags=["booking"])
def cancel(request: HttpRequest, token: str) -> Any:
    """Cancel; repeated, it answers the same."""
    return shown.booking(usecases.cancel_booking(booking=_read(token, "personal").pk, now=now()))


@api.post("/bookings/{token}/mode", response=_answers(200, schemas.BookingOut), tags=["booking"])
def change_mode(request: HttpRequest, token: str, wanted: schemas.ModeIn) -> Any:
    """Keep the term and meet in another way, where the office does so at that time."""
    found = _read(token, "personal")
    phone = normalise_phone(wanted.phone) if wanted.phone else ""
    return shown.booking(
        usecases.change_mode(booking=found.pk, mode=wanted.mode, phone=phone, now=now())
    )


@api.post("/bookings/{token}/move", response=_answers(200, schemas.BookingOut), tags=["booking"])
def move(request: HttpRequest, token: str, wanted: schemas.MoveIn) -> Any:
    """Move to another term of the same service, in one step."""
    found = _read(token, "personal")
    return shown.booking(
        usecases.move_booking(booking=found.pk, starts_at=wanted.starts_at, now=now())
    )


def _where(slug: str) -> Directory:
    try:
        return directory_by_slug(slug)
    except Office.DoesNotExist:
        raise NotFound from None


def _read(token: str, purpose: links.Purpose) -> Booking:
    known = links.read(token, purpose)
    found = known and Booking.objects.select_related("office", "service").filter(pk=known).first()
    if not found:
        raise NotFound
    return found


def _from_edge(request: HttpRequest) -> HttpResponse:
    """What the edge answers from memory; it comes here only for what it does not know."""
    query = request.META.get("QUERY_STRING", "").encode()
    route = answers.route(request.path, query)
    try:
        if route is None:
            raise NotFound
        _office_id, body = route.read()
    except LookupError:
        raise NotFound from None
    return HttpResponse(body, content_type="application/json")


def _hold(held: Booking, where: Directory) -> dict[str, Any]:
    if held.state != State.HELD or not held.expires_at or held.expires_at <= now():
        raise HoldExpired
    return {
        "token": links.sign(held.pk, "hold"),
        "expires_at": shown.local(where, held.expires_at),
        "starts_at": shown.local(where, held.starts_at),
        "ends_at": shown.local(where, held.ends_at),
        "official": shown.whose(where, held),
    }


def _phone(office: Office, said: str) -> str:
    """The number in one form, where the office writes to numbers."""
    if not takes_phones(office, now=now()):
        raise PhonesNotTaken
    return normalise_phone(said, mobile=True)
