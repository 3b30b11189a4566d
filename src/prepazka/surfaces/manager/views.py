"""The head's pages: today's figures, reasons of calls, waiting lists, office file, crest."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from prepazka.booking import networks
from prepazka.core import calendar
from prepazka.core.crest_images import MOST_BYTES
from prepazka.core.refusal import Refused
from prepazka.meetings import inventory
from prepazka.messaging.channels import sms_alert
from prepazka.officefile.office_export import export
from prepazka.offices import log_ins
from prepazka.offices.crests import CrestNotChosen, set_crest
from prepazka.offices.models import Device, Membership, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.history import estimate_scores
from prepazka.queueing.tickets import issues_tickets
from prepazka.queueing.walk_in_stops import open_tickets, stop_tickets
from prepazka.queueing.wrong_pins import day_limit_since, guarded_kiosks
from prepazka.reporting import waiting_list_report
from prepazka.reporting.call_reasons import calls_of_today
from prepazka.reporting.day_load import day_load
from prepazka.reporting.live_hall import hall_at
from prepazka.reporting.open_counters import open_counters
from prepazka.reporting.today import today_of
from prepazka.surfaces.manager.device_pages import state_of
from prepazka.web import reasons, staff_access
from prepazka.web.errors import refusal_sentence, status_of
from prepazka.web.overtake_texts import overtake_context
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

SCORED_DAYS = 28


@staff_only(*staff_access.HEADS)
@require_GET
def head_overview(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """Today's numbers, open counters, devices."""
    moment = now()
    snapshot = hall_at(office, now=moment)
    return render(
        request,
        "manager/overview.html",
        {
            "office": office.row,
            "member": member,
            "guarded_kiosks": guarded_kiosks(office, now=moment),
            "tried_accounts": (
                log_ins.accounts_with_wrong_passwords(office.office_id)
                if member.role == Role.ADMINISTRATOR
                else []
            ),
            "pin_day_limit": day_limit_since(office, now=moment),
            "sms_alert": sms_alert(office.row, now=moment),
            "crowd": networks.count_of_crowd(office, now=moment),
            "today": today_of(office, now=moment),
            "load": day_load(snapshot),
            "counters": open_counters(snapshot.office),
            "services": [
                {
                    "service": service,
                    "issued": issues_tickets(office, service, moment),
                    "rule": service.tickets_today(calendar.day_of(moment, office.tz)),
                }
                for service in office.offered_services()
                if service.walk_in
            ],
            "scores": _scores(office),
            "files": inventory.last_findings(office.office_id, now=moment),
            "devices": [
                {"device": device, "state": state_of(device, moment)}
                for device in Device.objects.filter(office=office.row, retired=False)
            ],
        },
    )


def _scores(office: OfficeSnapshot) -> dict[str, Any]:
    """The accuracy of the last four weeks' estimates, by service and overall."""
    estimates = estimate_scores(office, now=now(), days=SCORED_DAYS)
    rows = [(str(office.services[pk].name), score) for pk, score in estimates.services.items()]
    return {
        "rows": [
            {
                "name": name,
                "tickets": score.tickets,
                "error": score.error,
                "waited": score.waited,
                "inside": round(score.inside * 100),
                "held": round(score.held * 100),
            }
            for name, score in [*rows, *([("", estimates.whole)] if estimates.whole else [])]
        ],
    }


@staff_only(*staff_access.HEADS)
@require_POST
def set_tickets_today(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """Stop a service's tickets for today, or allow them regardless of the estimate."""
    service = office.service_by_code(code)
    if service is None or not service.walk_in:
        raise Http404(code)
    change = open_tickets if request.POST.get("do") == "open" else stop_tickets
    change(office=office, service=service, now=now(), actor=member.user_id)
    return redirect("manager:overview", office.slug)


@staff_only(*staff_access.HEADS)
@require_GET
def calls_of_day(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """Today's calls with their reasons and the tickets that they overtook."""
    names = dict(office.row.memberships.values_list("user_id", "name"))
    rows = [
        {
            "call": call,
            "reason": reasons.reason_in_words(call.reason, office),
            "clerk": names.get(call.clerk or 0, ""),
        }
        for call in calls_of_today(office, now=now())
    ]
    return render(
        request,
        "manager/calls.html",
        {
            "office": office.row,
            "member": member,
            "rows": rows,
        },
    )


@staff_only(*staff_access.HEADS)
@require_GET
def why_not_called(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """Why tickets issued later were called before the ticket of this number."""
    overtakes = overtake_context(office, request.GET.get("cislo", ""), now())
    context = {"office": office.row, "member": member, **overtakes}
    status = 200 if "ticket" in overtakes else 404
    return render(request, "manager/why.html", context, status=status)


@staff_only(*staff_access.HEADS)
@require_GET
def waiting_list(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """The waiting lists in order, and the offers made, without names."""
    context = {
        "office": office.row,
        "member": member,
        "lists": [
            (
                agenda,
                [{"line": line, "code": waiting_list_report.code_of(line.entry)} for line in lines],
            )
            for agenda, lines in waiting_list_report.waiting_lists(office)
        ],
        "offers": waiting_list_report.offers_of(office),
    }
    return render(request, "manager/waiting_list.html", context)


@staff_only(*staff_access.HEADS)
@require_GET
def office_file_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """The office file, on the page or as a download."""
    if "stahnout" in request.GET:
        response = HttpResponse(
            _text_of(office, member), content_type="application/yaml; charset=utf-8"
        )
        response["Content-Disposition"] = f'attachment; filename="{office.slug}.yaml"'
        return response
    return _file_page(request, office, member)


def _text_of(office: OfficeSnapshot, member: Membership) -> str:
    """The office file; reasons of officials' absences only for roles that may read them."""
    return export(office.row, with_reasons=member.role in staff_access.REASONS)


def _file_page(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "office": office.row,
        "member": member,
        "text": _text_of(office, member),
        "may_set_crest": member.role == Role.ADMINISTRATOR,
        "errors": [{"field_id": "id_crest", "text": problem}] if problem else [],
    }
    return render(request, "manager/file.html", context, status=status)


@staff_only(Role.ADMINISTRATOR)
@require_POST
def crest_page(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """Set the office's crest from a chosen picture, or remove it."""
    chosen = request.FILES.get("crest")
    try:
        if "remove" in request.POST:
            content = None
        elif chosen is None:
            raise CrestNotChosen
        else:
            content = chosen.read(MOST_BYTES + 1)
        set_crest(office=office.row, content=content, now=now(), actor=member.user_id)
    except Refused as refused:
        return _file_page(
            request, office, member, problem=refusal_sentence(refused), status=status_of(refused)
        )
    text = _("The crest is removed.") if content is None else _("The crest is set.")
    messages.success(request, text)
    return redirect("manager:file", office.slug)
