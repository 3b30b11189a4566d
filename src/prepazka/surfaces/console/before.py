"""Who went before a ticket, and why: what a clerk answers when somebody asks."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from prepazka.offices.directory import Directory
from prepazka.offices.models import Membership, Role
from prepazka.web.before import asked
from prepazka.web.shortcuts import now
from prepazka.web.staff import staff_only


@staff_only(*Role)
@require_GET
def page(request: HttpRequest, office: Directory, member: Membership) -> HttpResponse:
    """The answer for the number in the address, and a field for another; no names."""
    found = asked(office, request.GET.get("cislo", ""), now())
    context = {"office": office.office, "member": member, **found}
    status = 404 if found["label"] and "ticket" not in found else 200
    return render(request, "console/before.html", context, status=status)
