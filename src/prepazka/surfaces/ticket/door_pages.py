"""Taking a ticket by telephone with the QR code at the office's door."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from prepazka.core.refusal import Refused
from prepazka.offices.languages import active_language, offered_languages
from prepazka.offices.models import Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket
from prepazka.queueing.refusals import NoTicketsNow
from prepazka.queueing.tickets import issue_ticket, issues_tickets, tickets_ended
from prepazka.reporting.live_hall import hall_at
from prepazka.reporting.monitor import next_opening
from prepazka.web import door_passes, limits
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import now, of_office

TAKEN = limits.Limit("door", 30, limits.HOLDS.per)


@never_cache
@of_office
@require_safe
def scan_door_code(request: HttpRequest, office: OfficeSnapshot, code: str) -> HttpResponse:
    """The address in the QR code; redirects to a choice of services valid for five minutes."""
    try:
        door_pass = door_passes.pass_of_scan(office, code, now())
    except (door_passes.DoorCodeOld, door_passes.NoPhoneTickets) as refused:
        return _refused(request, office, refused)
    return _to_choice(request, office, door_pass)


@never_cache
@of_office
@require_safe
def poster_entry(request: HttpRequest, office: OfficeSnapshot) -> HttpResponse:
    """The address on the poster, valid where the office issues tickets anywhere."""
    try:
        door_pass = door_passes.from_anywhere(office, now())
    except (door_passes.DoorOnly, door_passes.NoPhoneTickets) as refused:
        return _refused(request, office, refused)
    return _to_choice(request, office, door_pass)


@of_office
@require_safe
def poster_page(request: HttpRequest, office: OfficeSnapshot) -> HttpResponse:
    """The printable poster; 404 unless the office issues tickets anywhere."""
    if office.row.phone_tickets != "anywhere":
        raise Http404(office.slug)
    link = request.build_absolute_uri(reverse("door:start", args=[office.slug]))
    context = {"office": office.row, "qr": door_passes.qr_of(link), "link": link}
    return render(request, "ticket/poster.html", context)


@never_cache
@of_office
@require_http_methods(["GET", "HEAD", "POST"])
def choose_service_page(request: HttpRequest, office: OfficeSnapshot, token: str) -> HttpResponse:
    """The services offered now; a post issues one ticket per pass, however often repeated."""
    moment = now()
    try:
        door_pass = door_passes.read_pass(office, token, moment)
    except door_passes.DoorCodeOld as refused:
        return _refused(request, office, refused)
    ticket = Ticket.objects.filter(office=office.row, touch=door_pass.touch).first()
    if ticket:
        return redirect("ticket:page", code=ticket.code)
    if request.method != "POST":
        return _choice(request, office, door_pass, moment)
    return _issue(request, office, door_pass, moment)


def _issue(
    request: HttpRequest, office: OfficeSnapshot, door_pass: door_passes.Pass, moment: datetime
) -> HttpResponse:
    service = office.service_by_code(request.POST.get("service", ""))
    if service is None or service not in _offered(office, door_pass):
        return _choice(request, office, door_pass, moment)
    try:
        limits.limit_address(request, TAKEN, now=moment)
        ticket = issue_ticket(
            office=office,
            service=service,
            touch=door_pass.touch,
            now=moment,
            language=active_language(),
        )
    except (NoTicketsNow, limits.TooManyTries) as refused:
        status = 409 if isinstance(refused, NoTicketsNow) else 429
        return _choice(request, office, door_pass, moment, refusal_sentence(refused), status)
    return redirect("ticket:page", code=ticket.code)


def _choice(
    request: HttpRequest,
    office: OfficeSnapshot,
    door_pass: door_passes.Pass,
    moment: datetime,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    offered, snapshot = _offered(office, door_pass), hall_at(office, now=moment)
    choices = [
        {
            "service": service,
            "waiting": sum(w.service == service.pk for w in snapshot.waiting),
            "wait": snapshot.outlook.newcomers.get(service.pk),
        }
        for service in offered
        if issues_tickets(office, service, moment)
    ]
    context: dict[str, Any] = {
        "office": office.row,
        "choices": choices,
        "ended": [service for service in offered if tickets_ended(office, service, moment)],
        "opens": None if choices else next_opening(office, moment),
        "until": door_pass.until,
        "problem": problem,
    }
    return render(request, "ticket/choose.html", context, status=status)


def _offered(office: OfficeSnapshot, door_pass: door_passes.Pass) -> list[Service]:
    return [
        s
        for s in office.offered_services()
        if not door_pass.services or s.code in door_pass.services
    ]


def _to_choice(
    request: HttpRequest, office: OfficeSnapshot, door_pass: door_passes.Pass
) -> HttpResponse:
    """Redirect to the choice in the telephone's language, if the office offers it."""
    preferred = translation.get_language_from_request(request)
    language = (
        preferred
        if preferred in offered_languages(office.row.languages)
        else translation.get_language()
    )
    with translation.override(language):
        return redirect("door:choose", slug=office.slug, token=door_passes.sign_pass(door_pass))


def _refused(request: HttpRequest, office: OfficeSnapshot, refused: Refused) -> HttpResponse:
    status = 410 if isinstance(refused, door_passes.DoorCodeOld) else 403
    context = {"office": office.row, "problem": refusal_sentence(refused)}
    return render(request, "ticket/no_pass.html", context, status=status)
