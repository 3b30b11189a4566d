"""Pages for outdated links: 404 or 410 where an official, department or service is not booked."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from prepazka.offices.models import Official, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.citizen.page_frame import render_page

MISSING, GONE = 404, 410


def no_official(request: HttpRequest, office: OfficeSnapshot, code: str) -> HttpResponse:
    """410 with a link to the department of a retired official; 404 if there is no such official."""
    official = next((o for o in office.officials.values() if o.code == code), None)
    if official is None:
        return _gone_page(request, office, MISSING, _("There is no such page at this office."))
    department = office.departments.get(official.department_id or 0)
    url = (
        reverse("citizen:department", args=[office.slug, department.code])
        if department and not department.retired
        else ""
    )
    text = _("This official no longer takes bookings.")
    return _gone_page(request, office, GONE, text, url, str(department.name) if department else "")


def no_department(request: HttpRequest, office: OfficeSnapshot, code: str) -> HttpResponse:
    """410 for a retired department; 404 for one that has nothing to book or does not exist."""
    department = next((d for d in office.departments.values() if d.code == code), None)
    if department is None:
        return _gone_page(request, office, MISSING, _("There is no such page at this office."))
    text = _("This department does not take bookings.")
    return _gone_page(request, office, GONE if department.retired else MISSING, text)


def no_service(request: HttpRequest, office: OfficeSnapshot, code: str) -> HttpResponse:
    """410 for a retired service; 404 for one that needs no booking or does not exist."""
    service = next((s for s in office.services.values() if s.code == code), None)
    if service is None:
        return _gone_page(request, office, MISSING, _("There is no such page at this office."))
    if service.retired:
        return _gone_page(request, office, GONE, _("The office no longer offers this."))
    text = _("You do not need to book this. Come during opening hours and take a ticket.")
    return _gone_page(request, office, MISSING, text)


def other_official(
    request: HttpRequest, office: OfficeSnapshot, service: Service, official: Official | None
) -> HttpResponse:
    """404 or 410 with a link to the service, which the official of the address does not provide."""
    url = reverse("citizen:days", args=[office.slug, service.code])
    text = _("This cannot be booked with the official in the link.")
    return _gone_page(request, office, MISSING if official else GONE, text, url, str(service.name))


def _gone_page(
    request: HttpRequest,
    office: OfficeSnapshot,
    status: int,
    text: str,
    url: str = "",
    name: str = "",
) -> HttpResponse:
    services = reverse("citizen:services", args=[office.slug])
    return render_page(
        request, "gone", office, status=status, text=text, url=url, name=name, services_url=services
    )
