"""A page for a frame on another site, and the page that tells its webmaster how."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from prepazka.booking.terms import is_bookable
from prepazka.core import reading
from prepazka.looks import typography
from prepazka.offices.directory import Directory
from prepazka.offices.models import Department, Service
from prepazka.reporting import links
from prepazka.reporting.departments import services_in
from prepazka.reporting.soonest import MOST, Next, Wanted, next_terms, wanted
from prepazka.web.frames import allow_frames
from prepazka.web.shortcuts import now, of_office

FOUND, MISSING, GONE = 200, 404, 410
USUAL = 5
SCRIPT = "embed/terms.js"


@require_safe
@of_office
def frame(request: HttpRequest, office: Directory) -> HttpResponse:
    """The next free terms. Links leave the frame, where browsers refuse cookies of others."""
    said, slug = request.GET, office.office.slug
    try:
        what = wanted(
            office,
            service=said.get("ukon", ""),
            official=said.get("urednik", ""),
            department=said.get("odbor", ""),
        )
        what, status = (Wanted(), GONE) if what.retired else (what, FOUND)
    except LookupError:
        what, status = Wanted(), MISSING
    most = _most(said.get("pocet", ""))
    found = next_terms(office, what, now=now(), most=most) if status == FOUND else []
    context = {
        "office": office.office,
        "title": _title(office, what),
        "gone": status != FOUND,
        "terms": [_link(slug, what, one) for one in found],
        "all_url": _prefix() + links.choose(slug, what),
    }
    answer = render(request, "embed/frame.html", context, status=status)
    allow_frames(answer, office.office.embed_hosts)
    answer["Cache-Control"] = "public, max-age=30"
    return answer


@require_safe
@of_office
def guide(request: HttpRequest, office: Directory) -> HttpResponse:
    """What a webmaster copies: lasting addresses, the frame and the element."""
    slug, row = office.office.slug, office.office
    addresses = [
        (_("Departments"), [Wanted(department=one) for one in _departments(office)]),
        (_("Officials"), [Wanted(official=one) for one in office.open_officials()]),
        (_("Services"), [Wanted(service=one) for one in _services(office)]),
    ]
    context = {
        "office": row,
        "home_url": f"{_prefix()}/{slug}/",
        "base": settings.BASE_URL,
        "language": _language(),
        "office_url": f"{settings.BASE_URL}{_prefix()}/{slug}/",
        "addresses": [
            (name, [(_title(office, one), _whole(slug, one)) for one in which])
            for name, which in addresses
            if which
        ],
        "frame_url": f"{settings.BASE_URL}{_prefix()}/{slug}/vlozit/",
        "live_url": f"{settings.BASE_URL}{_prefix()}/{slug}/nazivo/ramec/",
        "any_host": row.embed_hosts is None,
        "hosts": row.embed_hosts,
        "script_url": settings.BASE_URL + static(SCRIPT),
        "integrity": integrity(),
    }
    return render(request, "embed/guide.html", context)


def integrity() -> str:
    """The hash by which a foreign page may hold us to this very file."""
    path = finders.find(SCRIPT)
    if not path:
        raise Http404(SCRIPT)
    with open(path, "rb") as file:  # noqa: PTH123  # finders answer with text
        return "sha384-" + base64.b64encode(hashlib.sha384(file.read()).digest()).decode()


def _services(office: Directory) -> list[Service]:
    return [one for one in office.offered_services() if is_bookable(office, one)]


def _departments(office: Directory) -> list[Department]:
    known = (one for one in office.departments.values() if not one.retired)
    return [one for one in known if services_in(office, one)]


def _title(office: Directory, what: Wanted) -> str:
    named = [one for one in (what.service, what.official, what.department) if one]
    return ", ".join(str(one.name) for one in named) or str(office.office.name)


def _link(slug: str, what: Wanted, found: Next) -> dict[str, Any]:
    """A term; what it is for is said where the frame is not of one service."""
    term = found.term
    return {
        "day": typography.long_date(term.day, _language()).rsplit(typography.NBSP, 1)[0],
        "starts_at": term.starts_at,
        "ends_at": term.ends_at,
        "what": "" if what.service else str(found.service.name),
        "url": _prefix() + links.day(slug, found.service, term.day, what.official),
    }


def _whole(slug: str, what: Wanted) -> str:
    return settings.BASE_URL + _prefix() + links.choose(slug, what)


def _most(said: str) -> int:
    count = reading.whole(said)
    return USUAL if count is None else max(1, min(count, MOST))


def _language() -> str:
    return (get_language() or "cs").split("-")[0]


def _prefix() -> str:
    return "" if _language() == "cs" else f"/{_language()}"
