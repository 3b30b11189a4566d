"""Whose account looks after which diary, and the calendar feeds of officials and counters."""

from __future__ import annotations

from collections import defaultdict

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from prepazka.booking import feeds
from prepazka.booking.models import CalendarFeed
from prepazka.core.czech_order import czech_key
from prepazka.offices import staff as offices_staff
from prepazka.offices.directory import Directory
from prepazka.offices.models import Membership
from prepazka.web import staff
from prepazka.web.feeds import address_of
from prepazka.web.shortcuts import now
from prepazka.web.staff import staff_only


@staff_only(*staff.HEADS)
@require_GET
def officials(request: HttpRequest, office: Directory, member: Membership) -> HttpResponse:
    """All diaries with their accounts, all counters with their feeds."""
    return _page(request, office, member)


@staff_only(*staff.ADMINISTRATORS)
@require_POST
def link(request: HttpRequest, office: Directory, member: Membership, code: str) -> HttpResponse:
    """Give the diary to an account of this office, or to nobody."""
    official = office.official_by_code(code)
    said = request.POST.get("member", "")
    if official is None or not (said == "" or said.isdecimal()):
        raise Http404
    whom = Membership.objects.filter(office=office.office, pk=said).first() if said else None
    if said and whom is None:
        raise Http404
    offices_staff.link_official(official=official, member=whom, actor=member.user_id, now=now())
    messages.success(request, _("The account of the diary was changed."))
    return redirect("manager:officials", office.office.slug)


@staff_only(*staff.ADMINISTRATORS)
@require_POST
def make_feed(
    request: HttpRequest, office: Directory, member: Membership, code: str
) -> HttpResponse:
    """A secret address with the bookings of a counter, shown in this answer only."""
    counter = next((one for one in office.open_counters() if one.code == code), None)
    if counter is None:
        raise Http404
    _feed, token = feeds.make_feed(
        office=office.office,
        of=counter,
        with_names="names" in request.POST,
        now=now(),
        actor=member.user_id,
    )
    return _page(request, office, member, made=address_of(token))


@staff_only(*staff.ADMINISTRATORS)
@require_POST
def revoke_feed(
    request: HttpRequest, office: Directory, member: Membership, feed: int
) -> HttpResponse:
    """Close any secret address of the office."""
    found = CalendarFeed.objects.filter(pk=feed, office=office.office).first()
    if found is None:
        raise Http404
    feeds.revoke_feed(feed=found, now=now(), actor=member.user_id)
    messages.success(request, _("The address no longer shows anything."))
    return redirect("manager:officials", office.office.slug)


def _page(
    request: HttpRequest, office: Directory, member: Membership, made: str = ""
) -> HttpResponse:
    of_official: dict[int | None, list[CalendarFeed]] = defaultdict(list)
    of_counter: dict[int | None, list[CalendarFeed]] = defaultdict(list)
    for feed in CalendarFeed.objects.filter(office=office.office, revoked_at=None).order_by("pk"):
        (of_official if feed.official_id else of_counter)[
            feed.official_id or feed.counter_id
        ].append(feed)
    return render(
        request,
        "manager/officials.html",
        {
            "office": office.office,
            "member": member,
            "members": sorted(office.office.memberships.all(), key=lambda row: czech_key(row.name)),
            "rows": [(one, of_official[one.pk]) for one in office.open_officials()],
            "counters": [(one, of_counter[one.pk]) for one in office.open_counters()],
            "made": made,
            "may_write": member.role in staff.ADMINISTRATORS,
        },
    )
