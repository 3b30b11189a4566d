"""The call list: one person at a time, what to say, and a button or a key for each outcome."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from prepazka.booking import calls, offers, terms
from prepazka.booking.calls import to_call
from prepazka.booking.models import CallListEntry, State
from prepazka.booking.refusals import OfferOver
from prepazka.core import calendar, reading
from prepazka.core.refusal import Refused
from prepazka.messaging.contexts import offered_terms
from prepazka.offices.directory import Directory
from prepazka.offices.models import Membership
from prepazka.queueing.incidents import current_incident
from prepazka.web import readings, staff
from prepazka.web.errors import sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff import staff_only

DAYS_SHOWN = 14
Reason = CallListEntry.Reason
# Functions, so that the words are looked up in the language of the moment.
REASONS: dict[str, Callable[[], str]] = {
    Reason.UNANSWERED: lambda: _("has not answered the offer"),
    Reason.NO_CONTACT: lambda: _("cannot be written to"),
    Reason.UNDELIVERED: lambda: _("the message did not arrive"),
    Reason.DECLINED: lambda: _("none of the offered times suits"),
    Reason.CALL_ME: lambda: _("asks for a call"),
    Reason.NO_TERM: lambda: _("there was no free time to offer"),
}


@staff_only(*staff.DESK_LOOK)
@require_GET
def call_list(request: HttpRequest, office: Directory, member: Membership) -> HttpResponse:
    """Whom to call, and how far it is."""
    at = now()
    waiting = list(to_call(office.office, at).select_related("booking"))
    if waiting:
        readings.note_list(member, "calls", now=at)
    today = calendar.local_instant(calendar.day_of(at, office.tz), 0, office.tz)
    rows = CallListEntry.objects.filter(office=office.office)
    rows = rows.filter(Q(closed_at=None) | Q(closed_at__gte=today))
    mine = rows.filter(closed_at=None, taken_by=member.user_id, taken_at__gt=at - calls.TAKEN_FOR)
    return render(
        request,
        "console/calls.html",
        {
            "office": office.office,
            "member": member,
            "rows": [
                (one, office.services[one.booking.service_id], REASONS[one.reason]())
                for one in waiting
            ],
            "done": rows.exclude(closed_at=None).count(),
            "all": rows.count(),
            "mine": mine.first(),
            "may_write": member.role in staff.DESK,
        },
    )


@staff_only(*staff.DESK)
@require_POST
def take(request: HttpRequest, office: Directory, member: Membership) -> HttpResponse:
    """Take the next person, or the one chosen from the list."""
    wanted = request.POST.get("entry", "")
    rows = to_call(office.office, now())
    entry = reading.whole(wanted)
    chosen = rows if entry is None else rows.filter(pk=entry)
    for pk in chosen.values_list("pk", flat=True):
        try:
            calls.take_call(entry=pk, actor=member.user_id, now=now())
        except Refused:
            continue  # a colleague was quicker
        return redirect("console:call", office.office.slug, pk)
    messages.info(request, _("Nobody is waiting for a call just now."))
    return redirect("console:calls", office.office.slug)


@staff_only(*staff.DESK)
@require_http_methods(["GET", "POST"])
def call(request: HttpRequest, office: Directory, member: Membership, entry: int) -> HttpResponse:
    """The person, what to say, the terms, and what came of it."""
    found = _mine(office, member, entry)
    if found is None:
        return redirect("console:calls", office.office.slug)
    if request.method == "POST":
        return _outcome(request, office, member, found)
    readings.note_booking(member, found.booking, now=now())
    offer = offers.open_offer(found.booking)
    kept = offered_terms(offer, office) if offer else []
    return render(
        request,
        "console/call.html",
        {
            "office": office.office,
            "member": member,
            "entry": found,
            "booking": found.booking,
            "service": office.services[found.booking.service_id],
            "reason": REASONS[found.reason](),
            "terms": [one for one in kept if offers.is_kept(one.booking, now())],
            "displaced": found.booking.state == State.DISPLACED,
            "cancelled": found.booking.state == State.CANCELLED_BY_OFFICE,
            "incident": current_incident(found.booking),
            "pin_changed": found.booking.replaced_pins.filter(date=found.booking.date).exists(),
            "unwritten": found.reason == Reason.NO_CONTACT,
            "last": found.attempts + 1 >= calls.ATTEMPTS,
        },
    )


@staff_only(*staff.DESK)
@require_http_methods(["GET", "POST"])
def another(
    request: HttpRequest, office: Directory, member: Membership, entry: int
) -> HttpResponse:
    """Any other term, while the person is on the telephone."""
    found = _mine(office, member, entry)
    if found is None:
        return redirect("console:calls", office.office.slug)
    starts_at = reading.instant(request.POST.get("starts_at", ""))
    if starts_at:
        try:
            offers.take_another(
                booking=found.booking_id,
                starts_at=starts_at,
                now=now(),
                by="office",
                actor=member.user_id,
            )
        except Refused as refusal:
            messages.error(request, sentence(refusal))
            return redirect("console:call_another", office.office.slug, entry)
        return _next(request, office, _("The client has the new appointment."))
    service = office.services[found.booking.service_id]
    free = terms.offered(
        office=office, service=service, now=now(), persons=found.booking.persons, channel="desk"
    )
    days = [(day, [(t, "") for t in many]) for day, many in groupby(free, key=lambda t: t.day)]
    return render(
        request,
        "console/terms.html",
        {
            "office": office.office,
            "member": member,
            "service": service,
            "booking": found.booking,
            "days": days[:DAYS_SHOWN],
            "key": uuid4(),
        },
    )


def _outcome(  # noqa: PLR0911  # one button each
    request: HttpRequest, office: Directory, member: Membership, found: CallListEntry
) -> HttpResponse:
    said, at = request.POST, now()
    who: dict[str, Any] = {"now": at, "by": "office", "actor": member.user_id}
    try:
        if "choice" in said:
            offer = offers.open_offer(found.booking)
            if offer is None:
                raise OfferOver
            choice = reading.whole(said["choice"], 9) or 0
            offers.accept_offer(offer=offer.pk, choice=choice, **who)
            return _next(request, office, _("The client has the new appointment."))
        if "more" in said:
            made = offers.more_terms(booking=found.booking_id, now=at, actor=member.user_id)
            if made is None:
                messages.info(request, _("There are no other free times."))
            return redirect("console:call", office.office.slug, found.pk)
        if "cancel" in said:
            offers.give_up(booking=found.booking_id, **who)
            return _next(request, office, _("The booking is cancelled."))
        if "unreached" in said:
            calls.not_reached(entry=found.pk, actor=member.user_id, now=at)
            return _next(request, office, _("Noted; the client comes up again in two hours."))
        if "wait" in said:
            calls.wait_for_visit(entry=found.pk, actor=member.user_id, now=at)
            return _next(request, office, _("Noted; the client comes up again at the booked time."))
        if "told" in said:
            calls.told(entry=found.pk, actor=member.user_id, now=at)
            return _next(request, office, _("Noted."))
        calls.leave_call(entry=found.pk, actor=member.user_id, now=at)
    except Refused as refusal:
        messages.error(request, sentence(refusal))
        return redirect("console:call", office.office.slug, found.pk)
    return redirect("console:calls", office.office.slug)


def _next(request: HttpRequest, office: Directory, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect("console:calls", office.office.slug)


def _mine(office: Directory, member: Membership, entry: int) -> CallListEntry | None:
    """The entry, if the person has it now."""
    found = CallListEntry.objects.select_related("booking").filter(pk=entry, office=office.office)
    one = found.first()
    if one is None:
        raise Http404
    fresh = one.taken_at is not None and one.taken_at + calls.TAKEN_FOR > now()
    return one if one.closed_at is None and one.taken_by_id == member.user_id and fresh else None
