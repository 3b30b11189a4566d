"""Accounts of officials' diaries, and calendar feeds of officials and counters."""

from __future__ import annotations

from collections import defaultdict

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from prepazka.booking import calendar_feeds
from prepazka.booking.models import CalendarFeed
from prepazka.core.czech_order import czech_key
from prepazka.offices import staff as offices_staff
from prepazka.offices.models import Membership
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web import staff_access
from prepazka.web.shortcuts import feed_address, now
from prepazka.web.staff_access import staff_only


@staff_only(*staff_access.HEADS)
@require_GET
def officials_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """All officials with their accounts and feeds, and all counters with their feeds."""
    return _page(request, office, member)


@staff_only(*staff_access.ADMINISTRATORS)
@require_POST
def link_official_account(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """Link the official's diary to an account of this office, or to none."""
    official = office.official_by_code(code)
    member_id = request.POST.get("member", "")
    if official is None or not (member_id == "" or member_id.isdecimal()):
        raise Http404
    account = (
        Membership.objects.filter(office=office.row, pk=member_id).first() if member_id else None
    )
    if member_id and account is None:
        raise Http404
    offices_staff.link_official(official=official, member=account, actor=member.user_id, now=now())
    messages.success(request, _("The diary's account was changed."))
    return redirect("manager:officials", office.slug)


@staff_only(*staff_access.ADMINISTRATORS)
@require_POST
def make_feed(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """Make a secret feed address of a counter's bookings, shown only in this response."""
    counter = next((c for c in office.open_counters() if c.code == code), None)
    if counter is None:
        raise Http404
    _feed, token = calendar_feeds.make_feed(
        office=office.row,
        owner=counter,
        with_names="names" in request.POST,
        now=now(),
        actor=member.user_id,
    )
    return _page(request, office, member, feed_address=feed_address(token))


@staff_only(*staff_access.ADMINISTRATORS)
@require_POST
def revoke_feed(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, feed: int
) -> HttpResponse:
    """Revoke a feed address of the office."""
    calendar_feed = CalendarFeed.objects.filter(pk=feed, office=office.row).first()
    if calendar_feed is None:
        raise Http404
    calendar_feeds.revoke_feed(feed=calendar_feed, now=now(), actor=member.user_id)
    messages.success(request, _("The address no longer shows anything."))
    return redirect("manager:officials", office.slug)


def _page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, feed_address: str = ""
) -> HttpResponse:
    of_official: dict[int | None, list[CalendarFeed]] = defaultdict(list)
    of_counter: dict[int | None, list[CalendarFeed]] = defaultdict(list)
    for feed in CalendarFeed.objects.filter(office=office.row, revoked_at=None).order_by("pk"):
        (of_official if feed.official_id else of_counter)[
            feed.official_id or feed.counter_id
        ].append(feed)
    return render(
        request,
        "manager/officials.html",
        {
            "office": office.row,
            "member": member,
            "members": sorted(office.row.memberships.all(), key=lambda row: czech_key(row.name)),
            "rows": [(official, of_official[official.pk]) for official in office.open_officials()],
            "counters": [(counter, of_counter[counter.pk]) for counter in office.open_counters()],
            "made": feed_address,
            "may_write": member.role in staff_access.ADMINISTRATORS,
        },
    )
