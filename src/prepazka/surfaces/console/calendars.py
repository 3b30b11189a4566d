"""Calendars around a diary: the feeds that show it, and outside ones that take its time."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from prepazka.booking import feeds, outside
from prepazka.booking.models import CalendarFeed, OutsideCalendar
from prepazka.booking.outside import TooManyCalendars
from prepazka.jobs.calendars import read_soon
from prepazka.offices.directory import Directory
from prepazka.offices.models import Membership, Official, Role
from prepazka.surfaces.console.changes import official_of
from prepazka.surfaces.console.diary_forms import CalendarForm
from prepazka.surfaces.console.outside import outside_of
from prepazka.web.errors import sentence
from prepazka.web.feeds import address_of
from prepazka.web.shortcuts import now
from prepazka.web.staff import staff_only


@staff_only(*Role)
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, office: Directory, member: Membership, code: str) -> HttpResponse:
    """Everything about the official's calendars; a post adds an outside one."""
    official = official_of(office, member, code, own=True)
    form = CalendarForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            with transaction.atomic():
                added = outside.add_calendar(
                    official=official,
                    kind=OutsideCalendar.Kind(said["kind"]),
                    url=said["url"],
                    username=said["username"],
                    password=said["password"],
                    now=now(),
                    actor=member.user_id,
                )
                read_soon(added.pk)
            messages.success(request, _("The calendar was added. It is read in a moment."))
            return _back(office, official)
        except TooManyCalendars as refusal:
            form.add_error(None, sentence(refusal))
    return _page(request, office, member, official, form=form)


@staff_only(*Role)
@require_POST
def remove(
    request: HttpRequest, office: Directory, member: Membership, code: str, calendar: int
) -> HttpResponse:
    """Forget an outside calendar and the time that it took."""
    official = official_of(office, member, code, own=True)
    found = OutsideCalendar.objects.filter(pk=calendar, official=official).first()
    if found:
        outside.remove_calendar(which=found, now=now(), actor=member.user_id)
        messages.success(request, _("The calendar no longer takes any time."))
    return _back(office, official)


@staff_only(*Role)
@require_POST
def make_feed(
    request: HttpRequest, office: Directory, member: Membership, code: str
) -> HttpResponse:
    """A new secret address of the diary, shown in this answer only."""
    official = official_of(office, member, code, own=True)
    _feed, token = feeds.make_feed(
        office=office.office,
        of=official,
        with_names="names" in request.POST,
        now=now(),
        actor=member.user_id,
    )
    return _page(request, office, member, official, made=address_of(token))


@staff_only(*Role)
@require_POST
def revoke_feed(
    request: HttpRequest, office: Directory, member: Membership, code: str, feed: int
) -> HttpResponse:
    """Close a secret address of the diary."""
    official = official_of(office, member, code, own=True)
    found = CalendarFeed.objects.filter(pk=feed, official=official).first()
    if found is None:
        raise Http404
    feeds.revoke_feed(feed=found, now=now(), actor=member.user_id)
    messages.success(request, _("The address no longer shows anything."))
    return _back(office, official)


def _back(office: Directory, official: Official) -> HttpResponse:
    return redirect("console:calendars", office.office.slug, official.code)


def _page(
    request: HttpRequest,
    office: Directory,
    member: Membership,
    official: Official,
    form: CalendarForm | None = None,
    made: str = "",
) -> HttpResponse:
    shown: dict[str, Any] = {
        "office": office.office,
        "member": member,
        "official": official,
        "form": form or CalendarForm(),
        "made": made,
        "feeds": feeds.open_feeds(official),
        "outside": outside_of(official),
    }
    return render(request, "console/diary_calendars.html", shown)
