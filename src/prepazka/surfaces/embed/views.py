"""The frame with free slots for other sites, and instructions for their webmasters."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from prepazka.booking.slot_search import is_bookable
from prepazka.core import reading
from prepazka.looks import typography
from prepazka.offices.languages import active_language, path_prefix
from prepazka.offices.models import Department, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting import soonest
from prepazka.reporting.departments import services_in
from prepazka.reporting.soonest import MOST, Next, Wanted, next_slots, wanted_by_codes
from prepazka.web.shortcuts import allow_frames, now, of_office

FOUND, MISSING, GONE = 200, 404, 410
USUAL = 5
SCRIPT = "embed/terms.js"


@require_safe
@of_office
def slots_frame(request: HttpRequest, office: OfficeSnapshot) -> HttpResponse:
    """The next free slots; links open in the whole tab, as browsers block cookies in frames."""
    query, slug = request.GET, office.slug
    try:
        target = wanted_by_codes(
            office,
            service=query.get("ukon", ""),
            official=query.get("urednik", ""),
            department=query.get("odbor", ""),
        )
        target, status = (Wanted(), GONE) if target.retired else (target, FOUND)
    except LookupError:
        target, status = Wanted(), MISSING
    limit = _limit(query.get("pocet", ""))
    slots = next_slots(office, target, now=now(), limit=limit) if status == FOUND else []
    context = {
        "office": office.row,
        "title": _title(office, target),
        "gone": status != FOUND,
        "slots": [_link(slug, target, slot) for slot in slots],
        "all_url": _prefix() + soonest.choice_address(slug, target),
    }
    response = render(request, "embed/frame.html", context, status=status)
    allow_frames(response, office.row.embed_hosts)
    response["Cache-Control"] = "public, max-age=30"
    return response


@require_safe
@of_office
def embedding_guide(request: HttpRequest, office: OfficeSnapshot) -> HttpResponse:
    """Instructions for webmasters: permanent addresses, the frame and the element."""
    slug, row = office.slug, office.row
    addresses = [
        (_("Departments"), [Wanted(department=d) for d in _departments(office)]),
        (_("Officials"), [Wanted(official=o) for o in office.open_officials()]),
        (_("Services"), [Wanted(service=s) for s in _services(office)]),
    ]
    context = {
        "office": row,
        "home_url": f"{_prefix()}/{slug}/",
        "base": settings.BASE_URL,
        "language": active_language(),
        "office_url": f"{settings.BASE_URL}{_prefix()}/{slug}/",
        "addresses": [
            (name, [(_title(office, target), _full_url(slug, target)) for target in targets])
            for name, targets in addresses
            if targets
        ],
        "frame_url": f"{settings.BASE_URL}{_prefix()}/{slug}/vlozit/",
        "live_url": f"{settings.BASE_URL}{_prefix()}/{slug}/nazivo/ramec/",
        "any_host": row.embed_hosts is None,
        "hosts": row.embed_hosts,
        "script_url": settings.BASE_URL + static(SCRIPT),
        "integrity": script_integrity(),
    }
    return render(request, "embed/guide.html", context)


def script_integrity() -> str:
    """The subresource integrity hash of the script."""
    path = finders.find(SCRIPT)
    if not path:
        raise Http404(SCRIPT)
    with open(path, "rb") as file:  # noqa: PTH123  # finders answer with text
        return "sha384-" + base64.b64encode(hashlib.sha384(file.read()).digest()).decode()


def _services(office: OfficeSnapshot) -> list[Service]:
    return [s for s in office.offered_services() if is_bookable(office, s)]


def _departments(office: OfficeSnapshot) -> list[Department]:
    current = (d for d in office.departments.values() if not d.retired)
    return [d for d in current if services_in(office, d)]


def _title(office: OfficeSnapshot, target: Wanted) -> str:
    named = [subject for subject in (target.service, target.official, target.department) if subject]
    return ", ".join(str(subject.name) for subject in named) or str(office.row.name)


def _link(slug: str, target: Wanted, next_slot: Next) -> dict[str, Any]:
    """A slot's link; names the service unless the frame is for one service only."""
    return {
        "day": typography.weekday_and_date(next_slot.slot.day, active_language()),
        "starts_at": next_slot.slot.starts_at,
        "ends_at": next_slot.slot.ends_at,
        "what": "" if target.service else str(next_slot.service.name),
        "url": _prefix()
        + soonest.day_address(slug, next_slot.service, next_slot.slot.day, target.official),
    }


def _full_url(slug: str, target: Wanted) -> str:
    return settings.BASE_URL + _prefix() + soonest.choice_address(slug, target)


def _limit(text: str) -> int:
    count = reading.read_whole_number(text)
    return USUAL if count is None else max(1, min(count, MOST))


def _prefix() -> str:
    return path_prefix(active_language())
