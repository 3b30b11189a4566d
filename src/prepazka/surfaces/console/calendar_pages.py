"""Calendar feeds of a diary, and outside calendars whose events take its time."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from prepazka.booking import calendar_feeds, external_calendars
from prepazka.booking.external_calendars import TooManyCalendars, Wishes
from prepazka.booking.models import CalendarFeed, OutsideCalendar
from prepazka.jobs.calendar_jobs import read_soon
from prepazka.offices.models import Membership, Official, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.console.changes import official_of
from prepazka.surfaces.console.diary_forms import CalendarForm, SettingsForm
from prepazka.surfaces.console.external_calendar_texts import outside_with_doubts
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import feed_address, now
from prepazka.web.staff_access import staff_only


@staff_only(*Role)
@require_http_methods(["GET", "POST"])
def calendars_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """The official's feeds and outside calendars; a post adds an outside calendar."""
    official = official_of(office, member, code, own=True)
    form = CalendarForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        fields = form.cleaned_data
        try:
            with transaction.atomic():
                added = external_calendars.add_calendar(
                    official=official,
                    kind=OutsideCalendar.Kind(fields["kind"]),
                    url=fields["url"],
                    username=fields["username"],
                    password=fields["password"],
                    now=now(),
                    actor=member.user_id,
                )
                read_soon(added.pk)
            messages.success(request, _("The calendar was added. It will be read in a moment."))
            return _back(office, official)
        except TooManyCalendars as refusal:
            form.add_error(None, refusal_sentence(refusal))
    return _page(request, office, member, official, form=form)


@staff_only(*Role)
@require_POST
def remove_outside_calendar(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, calendar: int
) -> HttpResponse:
    """Remove an outside calendar and the busy times from it."""
    official = official_of(office, member, code, own=True)
    row = OutsideCalendar.objects.filter(pk=calendar, official=official).first()
    if row:
        external_calendars.remove_calendar(outside_calendar=row, now=now(), actor=member.user_id)
        messages.success(request, _("The calendar no longer blocks any time."))
    return _back(office, official)


@staff_only(*Role)
@require_POST
def change_settings(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, calendar: int
) -> HttpResponse:
    """Change which events of an outside calendar take time; it is read again at once."""
    official = official_of(office, member, code, own=True)
    row = _calendar_of(official, calendar)
    form = SettingsForm(request.POST, prefix=f"c{calendar}")
    if not form.is_valid():
        return _page(request, office, member, official, settings=(calendar, form))
    with transaction.atomic():
        external_calendars.change_settings(
            outside_calendar=row,
            wishes=cast("Wishes", form.cleaned_data),
            now=now(),
            actor=member.user_id,
        )
        read_soon(row.pk)
    messages.success(
        request, _("The settings are saved. The calendar will be read again in a moment.")
    )
    return _back(office, official)


@staff_only(*Role)
@require_POST
def free_calendar_time(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, calendar: int
) -> HttpResponse:
    """Free the time of one unclear event, or of all events that disappeared at once."""
    official = official_of(office, member, code, own=True)
    row = _calendar_of(official, calendar)
    if "vanished" in request.POST:
        external_calendars.unblock_vanished_events(
            outside_calendar=row, now=now(), actor=member.user_id
        )
    else:
        mark = request.POST.get("mark", "")
        external_calendars.unblock_doubtful_event(
            outside_calendar=row, mark=mark, now=now(), actor=member.user_id
        )
    messages.success(request, _("The time is free, unless something else blocks it."))
    return _back(office, official)


@staff_only(*Role)
@require_POST
def make_feed(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str
) -> HttpResponse:
    """Make a secret feed address of the diary, shown only in this response."""
    official = official_of(office, member, code, own=True)
    _feed, token = calendar_feeds.make_feed(
        office=office.row,
        owner=official,
        with_names="names" in request.POST,
        now=now(),
        actor=member.user_id,
    )
    return _page(request, office, member, official, feed_address=feed_address(token))


@staff_only(*Role)
@require_POST
def revoke_feed(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, code: str, feed: int
) -> HttpResponse:
    """Revoke a feed address of the diary."""
    official = official_of(office, member, code, own=True)
    calendar_feed = CalendarFeed.objects.filter(pk=feed, official=official).first()
    if calendar_feed is None:
        raise Http404
    calendar_feeds.revoke_feed(feed=calendar_feed, now=now(), actor=member.user_id)
    messages.success(request, _("The address no longer shows anything."))
    return _back(office, official)


def _calendar_of(official: Official, calendar: int) -> OutsideCalendar:
    """One of the official's calendars. Raises Http404."""
    row = OutsideCalendar.objects.filter(pk=calendar, official=official).first()
    if row is None:
        raise Http404
    return row


def _back(office: OfficeSnapshot, official: Official) -> HttpResponse:
    return redirect("console:calendars", office.slug, official.code)


def _page(
    request: HttpRequest,
    office: OfficeSnapshot,
    member: Membership,
    official: Official,
    form: CalendarForm | None = None,
    feed_address: str = "",
    settings: tuple[int, SettingsForm] | None = None,
) -> HttpResponse:
    calendars = outside_with_doubts(official, now())
    for entry in calendars:
        if settings and entry["row"].pk == settings[0]:
            entry["settings"] = settings[1]
    context: dict[str, Any] = {
        "office": office.row,
        "member": member,
        "official": official,
        "form": form or CalendarForm(),
        "made": feed_address,
        "feeds": calendar_feeds.open_feeds(official),
        "outside": calendars,
    }
    return render(request, "console/diary_calendars.html", context)
