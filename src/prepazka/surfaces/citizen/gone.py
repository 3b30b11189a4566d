"""What a link from another page answers when what it leads to is not booked (any more)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from prepazka.offices.directory import Directory
from prepazka.offices.models import Official, Service
from prepazka.surfaces.citizen.pages import page

MISSING, GONE = 404, 410


def no_official(request: HttpRequest, office: Directory, code: str) -> HttpResponse:
    """The official is retired, and perhaps their department still takes people; or nobody."""
    known = next((one for one in office.officials.values() if one.code == code), None)
    if known is None:
        return _answer(request, office, MISSING, _("There is no such page at this office."))
    department = office.departments.get(known.department_id or 0)
    url = (
        reverse("citizen:department", args=[office.office.slug, department.code])
        if department and not department.retired
        else ""
    )
    text = _("This official takes no bookings any more.")
    return _answer(request, office, GONE, text, url, str(department.name) if department else "")


def no_department(request: HttpRequest, office: Directory, code: str) -> HttpResponse:
    """The department is retired, or has nothing to book, or there is none."""
    known = next((one for one in office.departments.values() if one.code == code), None)
    if known is None:
        return _answer(request, office, MISSING, _("There is no such page at this office."))
    text = _("This department takes no bookings.")
    return _answer(request, office, GONE if known.retired else MISSING, text)


def no_service(request: HttpRequest, office: Directory, code: str) -> HttpResponse:
    """The service is retired, or is served without booking, or there is none."""
    known = next((one for one in office.services.values() if one.code == code), None)
    if known is None:
        return _answer(request, office, MISSING, _("There is no such page at this office."))
    if known.retired:
        return _answer(request, office, GONE, _("The office does not offer this any more."))
    text = _("This is not booked. Come in the opening hours and take a ticket.")
    return _answer(request, office, MISSING, text)


def other_official(
    request: HttpRequest, office: Directory, service: Service, official: Official | None
) -> HttpResponse:
    """The service is booked, but not with the one whom the address names."""
    url = reverse("citizen:days", args=[office.office.slug, service.code])
    text = _("This cannot be booked with the official of the link.")
    return _answer(request, office, MISSING if official else GONE, text, url, str(service.name))


def _answer(
    request: HttpRequest,
    office: Directory,
    status: int,
    text: str,
    url: str = "",
    name: str = "",
) -> HttpResponse:
    services = reverse("citizen:services", args=[office.office.slug])
    return page(
        request, "gone", office, status=status, text=text, url=url, name=name, services_url=services
    )
