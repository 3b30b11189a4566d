"""A counter's off-line pack (call list, policy) and its screen without the server."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from prepazka.core import discipline
from prepazka.offices.models import Membership
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import offline_grants
from prepazka.queueing.models import OFFLINE_FROM, Shift
from prepazka.queueing.offline_leases import counters_of, held_elsewhere
from prepazka.queueing.refusals import CounterNotOpen
from prepazka.queueing.turns import policy_of
from prepazka.surfaces.console import board
from prepazka.web import staff_access
from prepazka.web.request_checks import RequestNotReadable, json_body
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

ID = re.compile(r"[-0-9a-f]{16,64}")  # of a browser or a page
MOST_VERSIONS = 2**31


# Other sites' pages cannot send JSON here with the session's cookie, so no CSRF token is needed.
@csrf_exempt
@staff_only(*staff_access.COUNTER)
@require_POST
def renew_call_list(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """Renew the call list of the clerk's open counter; 409 if no counter is open."""
    form = _json_object(request)
    browser, ack = str(form.get("browser", "")), form.get("ack")
    page = str(form.get("page", ""))  # not sent by pages of the previous release
    if type(ack) is not int or not 0 <= ack < MOST_VERSIONS:
        return HttpResponse(status=400)
    if not ID.fullmatch(browser) or (page and not ID.fullmatch(page)):
        return HttpResponse(status=400)
    shift = board.current_shift(office, member.user_id)
    if shift is None:
        return HttpResponse(status=409)
    moment = now()
    try:
        renewed = offline_grants.renew_list(
            office=office, shift=shift, browser=browser, ack=ack, now=moment, page=page
        )
    except CounterNotOpen:
        return HttpResponse(status=409)
    return JsonResponse(_pack(office, shift, renewed, moment))


# As above; a page that is being closed cannot send a custom header.
@csrf_exempt
@staff_only(*staff_access.COUNTER)
@require_POST
def return_call_list(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """Return the call list of a console page that was closed."""
    page = str(_json_object(request).get("page", ""))
    if not ID.fullmatch(page):
        return HttpResponse(status=400)
    shift = board.current_shift(office, member.user_id)
    if shift is not None:
        offline_grants.release_list_of_page(office=office, shift=shift, page=page)
    return HttpResponse(status=204)


def _json_object(request: HttpRequest) -> dict[str, Any]:
    """The JSON object of the request, or {} if the body is not one."""
    if request.content_type != "application/json":
        return {}
    try:
        form = json_body(request)
    except RequestNotReadable:
        return {}
    return form if isinstance(form, dict) else {}


@staff_only(*staff_access.COUNTER)
@require_GET
def offline_counter_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """The page of the off-line counter, which the browser caches and fills from the pack."""
    context = {"office": office.row, "member": member, "answers": _answers()}
    return render(request, "console/cutoff.html", context)


def _answers() -> list[tuple[str, str]]:
    """Texts for typed numbers that the off-line page does not call, by reason."""
    number, counter = {"label": "{label}"}, {"label": "{label}", "counter": "{counter}"}
    return [
        ("unreadable", _("Please type the letter and the number of a ticket, for example V12.")),
        ("called-here", _("%(label)s was already called at this counter.") % number),
        (
            "not-listed",
            _(
                "%(label)s is not on this counter’s list; another counter may call it. Please send the"
                " person to the others, or wait until the server answers."
            )
            % number,
        ),
        ("other-letter", _("%(label)s is for a service that this counter does not have.") % number),
        ("other-share", _("%(label)s is called by counter %(counter)s.") % counter),
        ("not-mine", _("%(label)s is called by another counter.") % number),
    ]


def _pack(
    office: OfficeSnapshot, shift: Shift, call_list: offline_grants.CallList, moment: datetime
) -> dict[str, Any]:
    grant, policy = call_list.grant, policy_of(office)
    current = board.at_counter(shift)
    counter = office.counters[shift.counter_id]
    head = policy.head_start
    held = held_elsewhere(office.office_id, counter.pk, moment)
    return {
        "grant": grant.pk,
        "version": grant.version,
        "now": _ms(moment),
        "expires": _ms(grant.expires_at),
        "day": grant.date.isoformat(),
        "key": grant.key("log").hex(),
        "slug": office.slug,
        "counter": counter.pk,
        "name": counter.name,
        "serves": sorted(office.serves[counter.pk]),
        "services": {s.pk: s.name for s in office.offered_services()},
        "policy": {
            "headStart": None if head is None else int(head.total_seconds() * 1000),
            "callEarly": policy.call_early,
            "cap": None if policy.cap is None else int(policy.cap.total_seconds() * 1000),
        },
        "tickets": [_ticket(w, call_list.labels[w.ticket]) for w in call_list.tickets],
        "current": current and {"label": current.label, "state": current.state},
        "shares": call_list.shares,
        "blocks": call_list.blocks,
        "first": OFFLINE_FROM,
        # The page reloads its board when this list of silent counters changes.
        "silent": counters_of(held),
    }


def _ticket(w: discipline.Waiting, label: str) -> dict[str, Any]:
    return {
        "ticket": w.ticket,
        "label": label,
        "service": w.service,
        "arrived": _ms(w.arrived_at),
        "booked": [_ms(w.booked.start), _ms(w.booked.end)] if w.booked else None,
        "late": w.late,
        "returned": w.returned_at and _ms(w.returned_at),
        "statutory": w.statutory,
        "parked": w.parked_until and _ms(w.parked_until),
        "forCounter": w.for_counter,
    }


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
