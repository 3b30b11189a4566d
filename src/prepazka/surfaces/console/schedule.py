"""Today's remote meetings: entering, announcing a delay, no-show, ending, a follow-up booking."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from prepazka.booking import slot_search
from prepazka.booking.diaries import lanes_of, official_of
from prepazka.booking.models import Booking, Channel
from prepazka.core import calendar, reading
from prepazka.core.refusal import Refused
from prepazka.gateways import video
from prepazka.meetings import closing, delay_notices, participants
from prepazka.meetings.models import Participant
from prepazka.messaging.contexts import how_in_words
from prepazka.offices.models import Membership, Mode, Role
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting import meeting_schedule
from prepazka.surfaces.console.changes import may_look
from prepazka.surfaces.console.console_texts import state_in_words
from prepazka.web import readings
from prepazka.web.errors import refusal_sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import COUNTER, HEADS, may_lead, staff_only

EVERYBODY = tuple(Role)
LATE_MIN = (5, 10, 15, 20)
DAYS_SHOWN = 5


@staff_only(*EVERYBODY)
@require_GET
def meetings_page(request: HttpRequest, office: OfficeSnapshot, member: Membership) -> HttpResponse:
    """Today's meetings in order of time."""
    readings.note_list(member, "meetings", now=now())
    return render(request, "console/meetings.html", _context(office, member))


@staff_only(*EVERYBODY)
@require_GET
def meetings_fragment(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """The list alone, for the live refresh."""
    return render(request, "console/_meetings.html", _context(office, member))


@staff_only(*EVERYBODY)
@require_POST
def enter_meeting_room(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, booking: UUID
) -> HttpResponse:
    """Redirect into the meeting room as its chair."""
    row = _led_booking(office, member, booking)
    try:
        meeting = participants.meeting_for(row, now())
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
        return redirect("console:meetings", office.slug)
    chair = meeting.participants.get(role=Participant.Role.CHAIR)
    return redirect(participants.room_path(chair, office.slug))


@staff_only(*EVERYBODY)
@require_POST
def meeting_step(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, booking: UUID, name: str
) -> HttpResponse:
    """Announce a delay, note a no-show, or end the meeting, without entering the room."""
    act = STEPS.get(name)
    if act is None:
        raise Http404(name)
    row = _led_booking(office, member, booking)
    try:
        messages.success(request, act(request, office, row, member.user_id))
    except Refused as refusal:
        messages.error(request, refusal_sentence(refusal))
    return redirect("console:meetings", office.slug)


def _announce_delay(
    request: HttpRequest, office: OfficeSnapshot, booking: Booking, actor: int
) -> str:
    text = request.POST.get("minutes", "")
    minutes = int(text) if text in map(str, LATE_MIN) else 0
    meeting = participants.meeting_for(booking, now())
    informed = delay_notices.announce_delay(meeting, minutes, now(), actor)
    if not informed:
        return _("Nobody needs to be told; the next meetings start on time.")
    return ngettext(
        "The people in %(n)s meeting have been told.",
        "The people in %(n)s meetings have been told.",
        len(informed),
    ) % {"n": len(informed)}


def _note_no_show(
    request: HttpRequest, office: OfficeSnapshot, booking: Booking, actor: int
) -> str:
    closing.miss_meeting(booking=booking.pk, now=now(), actor=actor)
    return _("Recorded as a no-show. A message will offer another time.")


def _end(request: HttpRequest, office: OfficeSnapshot, booking: Booking, actor: int) -> str:
    closing.end_held_elsewhere(booking=booking.pk, now=now(), actor=actor)
    meeting = getattr(booking, "meeting", None)
    if meeting:
        video.close(meeting, office)
    return _("The meeting has ended.")


STEPS = {"pozde": _announce_delay, "neprisel": _note_no_show, "konec": _end}


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def follow_up(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, booking: UUID
) -> HttpResponse:
    """Book another slot for the same people and service."""
    row = _led_booking(office, member, booking)
    starts_at = reading.read_instant(request.POST.get("starts_at", ""))
    if starts_at:
        try:
            next_booking = closing.book_follow_up(
                booking=row.pk,
                starts_at=starts_at,
                office=office,
                now=now(),
                actor=member.user_id,
            )
        except Refused as refusal:
            messages.error(request, refusal_sentence(refusal))
        else:
            messages.success(request, _("The next meeting is booked; everybody gets a message."))
            official = official_of(office, next_booking)
            if official is None or not may_look(member, official):
                return redirect("console:meetings", office.slug)
            diary = reverse("console:diary", args=[office.slug, official.code])
            return redirect(f"{diary}?den={next_booking.date.isoformat()}")
    return _choose_slot(request, office, member, row)


def _choose_slot(
    request: HttpRequest, office: OfficeSnapshot, member: Membership, booking: Booking
) -> HttpResponse:
    official = official_of(office, booking)
    free = slot_search.search_slots(
        office=office,
        service=office.services[booking.service_id],
        now=now(),
        persons=booking.persons,
        channel=Channel.DESK,
        official=official,
        mode=booking.mode,
        together=closing.colleagues_of(booking) if booking.mode == Mode.VIDEO else [],
    )
    by_day = groupby(free, key=lambda slot: slot.day)
    days = [(day, [(slot, "") for slot in day_slots]) for day, day_slots in by_day]
    from_day = request.GET.get("od", "")
    visible = [(day, slots) for day, slots in days if day.isoformat() >= from_day]
    return render(
        request,
        "console/slots.html",
        {
            "office": office.row,
            "member": member,
            "service": office.services[booking.service_id],
            "official": official,
            "days": visible[:DAYS_SHOWN],
            "later": visible[DAYS_SHOWN][0] if len(visible) > DAYS_SHOWN else None,
            "key": uuid4(),
            "follows": booking,
            "back": reverse("console:meetings", args=[office.slug]),
        },
    )


def own_meetings(office: OfficeSnapshot, user: int, at: datetime) -> list[dict[str, Any]]:
    """Today's remaining meetings in the clerk's own diaries."""
    officials = [o for o in office.open_officials() if o.user_id == user]
    if not officials:
        return []
    lanes = [lanes_of(office)[o.pk] for o in officials]
    rows = meeting_schedule.meetings_of_day(
        office.row, calendar.day_of(at, office.tz), lanes, now=at
    )
    member = Membership.objects.get(office=office.row, user=user)
    return [entry for entry in _rows(office, member, rows) if not entry["row"].over]


def _context(office: OfficeSnapshot, member: Membership) -> dict[str, Any]:
    at = now()
    day = calendar.day_of(at, office.tz)
    rows = meeting_schedule.meetings_of_day(office.row, day, _lanes(office, member), now=at)
    visible = [entry for entry in _rows(office, member, rows) if entry["may_look"]]
    return {
        "office": office.row,
        "member": member,
        "day": day,
        "rows": visible,
        "late_min": LATE_MIN,
        "several": len({entry["row"].booking.lane_id for entry in visible}) > 1,
        "down": [],
    }


def _lanes(office: OfficeSnapshot, member: Membership) -> list[int] | None:
    """Lane ids of the member's own diaries; None means the meetings of all lanes."""
    if any(may_look(member, o) or may_lead(member, o) for o in office.open_officials()):
        own_officials = [o for o in office.open_officials() if o.user_id == member.user_id]
        if own_officials and member.role not in HEADS:
            return [lanes_of(office)[o.pk] for o in own_officials]
    return None


def _rows(
    office: OfficeSnapshot, member: Membership, rows: list[meeting_schedule.Row]
) -> list[dict[str, Any]]:
    """Meetings with texts and the member's rights; only the first one not over has keys."""
    first_led = first_late = True
    entries = []
    away: dict[UUID, list[str]] = {}
    for participant in participants.unavailable_colleagues(row.booking for row in rows):
        away.setdefault(participant.meeting.booking_id, []).append(_name(participant))
    for row in rows:
        official = official_of(office, row.booking)
        leads = may_lead(member, official)
        looks = may_look(member, official) if official else member.role in (*COUNTER, *HEADS)
        keys = first_led and leads and not row.over
        first_led = first_led and not keys
        late_key = first_late and leads and not row.over and row.booking.mode == Mode.VIDEO
        first_late = first_late and not late_key
        entries.append(
            {
                "row": row,
                "service": office.services[row.booking.service_id],
                "official": official,
                "how": how_in_words(row.booking.mode),
                "video": row.booking.mode == Mode.VIDEO,
                "state": state_in_words(row.booking, office),
                "leads": leads,
                "may_look": looks or leads,
                "keys": keys,
                "late_key": late_key,
                "away": away.get(row.booking.pk, []),
                "names": [_name(participant) for participant in row.inside],
                "lobby": [(_name(participant), participant.came_at) for participant in row.lobby],
            }
        )
    return entries


def _name(participant: Participant) -> str:
    return (
        participant.name
        or (str(participant.official.name) if participant.official else "")
        or _("Participant")
    )


def _led_booking(office: OfficeSnapshot, member: Membership, booking: UUID) -> Booking:
    """The booking, if the member may lead its meeting; 404 or PermissionDenied otherwise."""
    rows = Booking.objects.filter(pk=booking, office=office.row, companion_of=None)
    row = rows.exclude(mode=Mode.PERSON).select_related("lane").first()
    if row is None:
        raise Http404
    if not may_lead(member, official_of(office, row)):
        raise PermissionDenied
    return row
