"""Pages about the queue: missed tickets and their return, and which tickets overtook one."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from prepazka.core.refusal import Refused
from prepazka.offices.models import Membership, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import turns
from prepazka.queueing.models import Ticket
from prepazka.reporting.missed_tickets import missed_of_today, returned_waiting
from prepazka.web import staff_access
from prepazka.web.errors import refusal_sentence
from prepazka.web.overtake_texts import overtake_context
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

LONGEST_NUMBER = 12
AT_WORK = tuple(dict.fromkeys((*staff_access.COUNTER, *staff_access.DESK)))


@staff_only(*AT_WORK)
@require_GET
def missed_tickets(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """Today's missed tickets, or only those of the number in the address."""
    moment = now()
    number = request.GET.get("cislo", "").strip()[:LONGEST_NUMBER]
    return render(
        request,
        "console/missed.html",
        {
            "office": office.row,
            "member": member,
            "number": number,
            "rows": missed_of_today(office, now=moment, number=number),
            "before": returned_waiting(office, now=moment),
        },
    )


@staff_only(*AT_WORK)
@require_POST
def put_back(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, ticket: int
) -> HttpResponse:
    """Return the ticket to the queue; a repeated post changes nothing."""
    try:
        returned = turns.return_missed(
            office=office, ticket=ticket, now=now(), actor=member.user_id
        )
    except Ticket.DoesNotExist:
        raise Http404 from None
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
    else:
        messages.success(
            request,
            _(
                "%(number)s is back in the queue. Its turn comes right after those who "
                "returned earlier."
            )
            % {"number": returned.label},
        )
    return redirect("console:missed", office.slug)


@staff_only(*Role)
@require_GET
def overtakes(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """Overtakes of the ticket number in the address, without names; 404 if there is none."""
    overtakes_of_ticket = overtake_context(office, request.GET.get("cislo", ""), now())
    context = {"office": office.row, "member": member, **overtakes_of_ticket}
    status = 404 if overtakes_of_ticket["label"] and "ticket" not in overtakes_of_ticket else 200
    return render(request, "console/before.html", context, status=status)
