"""The call list: taking an entry, the call's page, and its outcomes."""

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

from prepazka.booking import call_entries, offers, slot_search
from prepazka.booking.call_entries import entries_to_call
from prepazka.booking.models import BookingState, CallListEntry
from prepazka.booking.open_offers import open_offer
from prepazka.booking.refusals import OfferOver
from prepazka.core import calendar, reading
from prepazka.core.refusal import Refused
from prepazka.messaging.contexts import offered_slots
from prepazka.offices.models import Membership
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.incidents import current_incident
from prepazka.web import readings, staff_access
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

DAYS_SHOWN = 14
Reason = CallListEntry.Reason
# Functions, so that texts are translated into the language of the request.
REASONS: dict[str, Callable[[], str]] = {
    Reason.UNANSWERED: lambda: _("has not responded to the offer"),
    Reason.NO_CONTACT: lambda: _("has no address for messages"),
    Reason.UNDELIVERED: lambda: _("the message was not delivered"),
    Reason.DECLINED: lambda: _("none of the offered times is suitable"),
    Reason.CALL_ME: lambda: _("asks for a call"),
    Reason.NO_SLOT: lambda: _("there was no free time to offer"),
}


@staff_only(*staff_access.DESK_LOOK)
@require_GET
def call_list(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """The open entries of the call list, and today's progress."""
    at = now()
    waiting = list(entries_to_call(office.row, at).select_related("booking"))
    if waiting:
        readings.note_list(member, "calls", now=at)
    today = calendar.local_instant(calendar.day_of(at, office.tz), 0, office.tz)
    rows = CallListEntry.objects.filter(office=office.row)
    rows = rows.filter(Q(closed_at=None) | Q(closed_at__gte=today))
    own_entries = rows.filter(
        closed_at=None, taken_by=member.user_id, taken_at__gt=at - call_entries.TAKEN_FOR
    )
    return render(
        request,
        "console/calls.html",
        {
            "office": office.row,
            "member": member,
            "rows": [
                (entry, office.services[entry.booking.service_id], REASONS[entry.reason]())
                for entry in waiting
            ],
            "done": rows.exclude(closed_at=None).count(),
            "all": rows.count(),
            "mine": own_entries.first(),
            "may_write": member.role in staff_access.DESK,
        },
    )


@staff_only(*staff_access.DESK)
@require_POST
def take_call_entry(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """Take the next entry, or the one chosen from the list."""
    entry_text = request.POST.get("entry", "")
    rows = entries_to_call(office.row, now())
    entry = reading.read_whole_number(entry_text)
    chosen = rows if entry is None else rows.filter(pk=entry)
    for pk in chosen.values_list("pk", flat=True):
        try:
            call_entries.take_call(entry=pk, actor=member.user_id, now=now())
        except Refused:
            continue  # a colleague was quicker
        return redirect("console:call", office.slug, pk)
    messages.info(request, _("Nobody is waiting for a call at the moment."))
    return redirect("console:calls", office.slug)


@staff_only(*staff_access.DESK)
@require_http_methods(["GET", "POST"])
def call_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, entry: int
) -> HttpResponse:
    """The page of an entry taken by the member; a post records the call's outcome."""
    row = _own_entry(office, member, entry)
    if row is None:
        return redirect("console:calls", office.slug)
    if request.method == "POST":
        return _record_outcome(request, office, member, row)
    readings.note_booking(member, row.booking, now=now())
    offer = open_offer(row.booking)
    reserved = offered_slots(offer, office) if offer else []
    return render(
        request,
        "console/call.html",
        {
            "office": office.row,
            "member": member,
            "entry": row,
            "booking": row.booking,
            "service": office.services[row.booking.service_id],
            "reason": REASONS[row.reason](),
            "slots": [slot for slot in reserved if offers.is_slot_held(slot.booking, now())],
            "displaced": row.booking.state == BookingState.DISPLACED,
            "cancelled": row.booking.state == BookingState.CANCELLED_BY_OFFICE,
            "incident": current_incident(row.booking),
            "pin_changed": row.booking.replaced_pins.filter(date=row.booking.date).exists(),
            "unwritten": row.reason == Reason.NO_CONTACT,
            "last": row.attempts + 1 >= call_entries.ATTEMPTS,
        },
    )


@staff_only(*staff_access.DESK)
@require_http_methods(["GET", "POST"])
def choose_other_slot(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, entry: int
) -> HttpResponse:
    """Free slots to choose from during the call; a post books one."""
    row = _own_entry(office, member, entry)
    if row is None:
        return redirect("console:calls", office.slug)
    starts_at = reading.read_instant(request.POST.get("starts_at", ""))
    if starts_at:
        try:
            offers.move_to_other_slot(
                booking=row.booking_id,
                starts_at=starts_at,
                now=now(),
                by="office",
                actor=member.user_id,
            )
        except Refused as refusal:
            messages.error(request, refusal_sentence(refusal))
            return redirect("console:call_another", office.slug, entry)
        return _to_list(request, office, _("The client has the new appointment."))
    service = office.services[row.booking.service_id]
    free = slot_search.search_slots(
        office=office, service=service, now=now(), persons=row.booking.persons, channel="desk"
    )
    days = [
        (day, [(t, "") for t in day_slots]) for day, day_slots in groupby(free, key=lambda t: t.day)
    ]
    return render(
        request,
        "console/slots.html",
        {
            "office": office.row,
            "member": member,
            "service": service,
            "booking": row.booking,
            "days": days[:DAYS_SHOWN],
            "key": uuid4(),
        },
    )


def _record_outcome(  # noqa: PLR0911  # one button each
    request: HttpRequest, office: OfficeSnapshot, member: Membership, entry: CallListEntry
) -> HttpResponse:
    form, at = request.POST, now()
    common: dict[str, Any] = {"now": at, "by": "office", "actor": member.user_id}
    try:
        if "choice" in form:
            offer = open_offer(entry.booking)
            if offer is None:
                raise OfferOver
            choice = reading.read_whole_number(form["choice"], 9) or 0
            offers.accept_offer(offer=offer.pk, choice=choice, **common)
            return _to_list(request, office, _("The client has the new appointment."))
        if "more" in form:
            new_offer = offers.offer_other_slots(
                booking=entry.booking_id, now=at, actor=member.user_id
            )
            if new_offer is None:
                messages.info(request, _("There are no other free times."))
            return redirect("console:call", office.slug, entry.pk)
        if "cancel" in form:
            offers.cancel_by_person(booking=entry.booking_id, **common)
            return _to_list(request, office, _("The booking is cancelled."))
        if "unreached" in form:
            call_entries.note_unreached(entry=entry.pk, actor=member.user_id, now=at)
            return _to_list(
                request, office, _("Noted; the client will come up again in two hours.")
            )
        if "wait" in form:
            call_entries.wait_for_visit(entry=entry.pk, actor=member.user_id, now=at)
            return _to_list(
                request, office, _("Noted; the client will come up again at the booked time.")
            )
        if "told" in form:
            call_entries.mark_informed(entry=entry.pk, actor=member.user_id, now=at)
            return _to_list(request, office, _("Noted."))
        call_entries.return_call(entry=entry.pk, actor=member.user_id, now=at)
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
        return redirect("console:call", office.slug, entry.pk)
    return redirect("console:calls", office.slug)


def _to_list(request: HttpRequest, office: OfficeSnapshot, text: str) -> HttpResponse:
    messages.success(request, text)
    return redirect("console:calls", office.slug)


def _own_entry(office: OfficeSnapshot, member: Membership, entry: int) -> CallListEntry | None:
    """The entry, if the member has it taken now, else None. Raises Http404."""
    entries = CallListEntry.objects.select_related("booking").filter(pk=entry, office=office.row)
    row = entries.first()
    if row is None:
        raise Http404
    fresh = row.taken_at is not None and row.taken_at + call_entries.TAKEN_FOR > now()
    return row if row.closed_at is None and row.taken_by_id == member.user_id and fresh else None
