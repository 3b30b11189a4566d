"""Overtakes of a ticket: which tickets were called before it, and why."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from prepazka.offices.models import Membership, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web.overtake_texts import asked
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only


@staff_only(*Role)
@require_GET
def page(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """Overtakes of the ticket number in the address, without names; 404 if there is none."""
    overtakes = asked(office, request.GET.get("cislo", ""), now())
    context = {"office": office.row, "member": member, **overtakes}
    status = 404 if overtakes["label"] and "ticket" not in overtakes else 200
    return render(request, "console/before.html", context, status=status)
