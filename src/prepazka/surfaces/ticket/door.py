"""A ticket taken with one's own telephone, by the code at the door."""

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
from prepazka.offices.directory import Directory
from prepazka.offices.models import Service
from prepazka.queueing.models import Ticket
from prepazka.queueing.refusals import NoTicketsNow
from prepazka.queueing.tickets import issue_ticket, issues_tickets, tickets_ended
from prepazka.reporting.hall import hall
from prepazka.reporting.monitor import next_opening
from prepazka.web import door, limits
from prepazka.web.errors import sentence
from prepazka.web.shortcuts import now, of_office

TAKEN = limits.Limit("door", 30, limits.HOLDS.per)


@never_cache
@of_office
@require_safe
def scan(request: HttpRequest, office: Directory, code: str) -> HttpResponse:
    """The address in the QR code: it gives five minutes to choose."""
    try:
        found = door.scanned(office, code, now())
    except (door.DoorCodeOld, door.NoPhoneTickets) as refused:
        return _refused(request, office, refused)
    return _to_choice(request, office, found)


@never_cache
@of_office
@require_safe
def start(request: HttpRequest, office: Directory) -> HttpResponse:
    """The address on a poster, where the office lets people queue from anywhere."""
    try:
        found = door.from_anywhere(office, now())
    except (door.DoorOnly, door.NoPhoneTickets) as refused:
        return _refused(request, office, refused)
    return _to_choice(request, office, found)


@of_office
@require_safe
def poster(request: HttpRequest, office: Directory) -> HttpResponse:
    """A sheet to print and hang up; only where the office lets people queue from anywhere."""
    if office.office.phone_tickets != "anywhere":
        raise Http404(office.office.slug)
    link = request.build_absolute_uri(reverse("door:start", args=[office.office.slug]))
    context = {"office": office.office, "qr": door.qr_of(link), "link": link}
    return render(request, "ticket/poster.html", context)


@never_cache
@of_office
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, office: Directory, token: str) -> HttpResponse:
    """The services of this moment; one press, one ticket, whatever is pressed again."""
    moment = now()
    try:
        found = door.read(office, token, moment)
    except door.DoorCodeOld as refused:
        return _refused(request, office, refused)
    taken = Ticket.objects.filter(office=office.office, touch=found.touch).first()
    if taken:
        return redirect("ticket:page", code=taken.code)
    if request.method != "POST":
        return _choice(request, office, found, moment)
    return _take(request, office, found, moment)


def _take(
    request: HttpRequest, office: Directory, found: door.Pass, moment: datetime
) -> HttpResponse:
    service = office.service_by_code(request.POST.get("service", ""))
    if service is None or service not in _offered(office, found):
        return _choice(request, office, found, moment)
    try:
        limits.limit_address(request, TAKEN, now=moment)
        given = issue_ticket(
            office=office,
            service=service,
            touch=found.touch,
            now=moment,
            language=translation.get_language() or "cs",
        )
    except (NoTicketsNow, limits.TooManyTries) as refused:
        status = 409 if isinstance(refused, NoTicketsNow) else 429
        return _choice(request, office, found, moment, sentence(refused), status)
    return redirect("ticket:page", code=given.code)


def _choice(
    request: HttpRequest,
    office: Directory,
    found: door.Pass,
    moment: datetime,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    offered, seen = _offered(office, found), hall(office, now=moment)
    choices = [
        {
            "service": one,
            "waiting": sum(w.service == one.pk for w in seen.waiting),
            "wait": seen.outlook.newcomers.get(one.pk),
        }
        for one in offered
        if issues_tickets(office, one, moment)
    ]
    context: dict[str, Any] = {
        "office": office.office,
        "choices": choices,
        "ended": [one for one in offered if tickets_ended(office, one, moment)],
        "opens": None if choices else next_opening(office, moment),
        "until": found.until,
        "problem": problem,
    }
    return render(request, "ticket/choose.html", context, status=status)


def _offered(office: Directory, found: door.Pass) -> list[Service]:
    return [s for s in office.offered_services() if not found.services or s.code in found.services]


def _to_choice(request: HttpRequest, office: Directory, found: door.Pass) -> HttpResponse:
    """In the language of the telephone, where the office speaks it: one code is for everybody."""
    wanted = translation.get_language_from_request(request)
    spoken = wanted if wanted in office.office.languages else translation.get_language()
    with translation.override(spoken):
        return redirect("door:choose", slug=office.office.slug, token=door.written(found))


def _refused(request: HttpRequest, office: Directory, refused: Refused) -> HttpResponse:
    status = 410 if isinstance(refused, door.DoorCodeOld) else 403
    context = {"office": office.office, "problem": sentence(refused)}
    return render(request, "ticket/no_pass.html", context, status=status)
