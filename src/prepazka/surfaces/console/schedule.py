"""Today's meetings by video and by telephone, beside the counters: enter, be late, end, book again."""

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

from prepazka.booking import terms
from prepazka.booking.diaries import lanes_of, official_of
from prepazka.booking.models import Booking, Channel
from prepazka.core import calendar, reading
from prepazka.core.refusal import Refused
from prepazka.gateways import video
from prepazka.meetings import closing, late, participants
from prepazka.meetings.models import Participant
from prepazka.messaging.contexts import how_in_words
from prepazka.offices.directory import Directory
from prepazka.offices.models import Membership, Mode, Role
from prepazka.reporting import meetings
from prepazka.surfaces.console.changes import may_look
from prepazka.surfaces.console.words import state_in_words
from prepazka.web import readings
from prepazka.web.errors import sentence
from prepazka.web.shortcuts import now
from prepazka.web.staff import COUNTER, HEADS, may_lead, staff_only

EVERYBODY = tuple(Role)
LATE_MIN = (5, 10, 15, 20)
DAYS_SHOWN = 5


@staff_only(*EVERYBODY)
@require_GET
def page(request: HttpRequest, office: Directory, member: Membership) -> HttpResponse:
    """The meetings of today, in the order of time."""
    readings.note_list(member, "meetings", now=now())
    return render(request, "console/meetings.html", _shown(office, member))


@staff_only(*EVERYBODY)
@require_GET
def fragment(request: HttpRequest, office: Directory, member: Membership) -> HttpResponse:
    """The list alone, for the live refresh."""
    return render(request, "console/_meetings.html", _shown(office, member))


@staff_only(*EVERYBODY)
@require_POST
def enter(
    request: HttpRequest, office: Directory, member: Membership, booking: UUID
) -> HttpResponse:
    """Into the room, in the official's seat."""
    found = _led(office, member, booking)
    try:
        meeting = participants.meeting_for(found, now())
    except Refused as refusal:
        messages.error(request, sentence(refusal))
        return redirect("console:meetings", office.office.slug)
    chair = meeting.participants.get(role=Participant.Role.CHAIR)
    return redirect(participants.room_path(chair, office.office.slug))


@staff_only(*EVERYBODY)
@require_POST
def step(
    request: HttpRequest, office: Directory, member: Membership, booking: UUID, name: str
) -> HttpResponse:
    """What the official does without entering."""
    act = STEPS.get(name)
    if act is None:
        raise Http404(name)
    found = _led(office, member, booking)
    try:
        messages.success(request, act(request, office, found, member.user_id))
    except Refused as refusal:
        messages.error(request, sentence(refusal))
    return redirect("console:meetings", office.office.slug)


def _late(request: HttpRequest, office: Directory, found: Booking, actor: int) -> str:
    said = request.POST.get("minutes", "")
    minutes = int(said) if said in map(str, LATE_MIN) else 0
    meeting = participants.meeting_for(found, now())
    told = late.tell_late(meeting, minutes, now(), actor)
    if not told:
        return _("Nobody has to be told; the next ones begin on time.")
    return ngettext(
        "The people of %(n)s meeting have been told.",
        "The people of %(n)s meetings have been told.",
        len(told),
    ) % {"n": len(told)}


def _absent(request: HttpRequest, office: Directory, found: Booking, actor: int) -> str:
    closing.miss_meeting(booking=found.pk, now=now(), actor=actor)
    return _("Recorded as a no-show. A message offers another time.")


def _end(request: HttpRequest, office: Directory, found: Booking, actor: int) -> str:
    closing.end_outside(booking=found.pk, now=now(), actor=actor)
    meeting = getattr(found, "meeting", None)
    if meeting:
        video.close(meeting, office)
    return _("The meeting has ended.")


STEPS = {"pozde": _late, "neprisel": _absent, "konec": _end}


@staff_only(*EVERYBODY)
@require_http_methods(["GET", "POST"])
def follow_up(
    request: HttpRequest, office: Directory, member: Membership, booking: UUID
) -> HttpResponse:
    """Another term for the same people and the same topic."""
    found = _led(office, member, booking)
    starts_at = reading.instant(request.POST.get("starts_at", ""))
    if starts_at:
        try:
            made = closing.book_follow_up(
                booking=found.pk,
                starts_at=starts_at,
                office=office,
                now=now(),
                actor=member.user_id,
            )
        except Refused as refusal:
            messages.error(request, sentence(refusal))
        else:
            messages.success(request, _("The next meeting is booked; everybody is written to."))
            own = official_of(office, made)
            if own is None or not may_look(member, own):
                return redirect("console:meetings", office.office.slug)
            diary = reverse("console:diary", args=[office.office.slug, own.code])
            return redirect(f"{diary}?den={made.date.isoformat()}")
    return _choose(request, office, member, found)


def _choose(
    request: HttpRequest, office: Directory, member: Membership, found: Booking
) -> HttpResponse:
    official = official_of(office, found)
    free = terms.offered(
        office=office,
        service=office.services[found.service_id],
        now=now(),
        persons=found.persons,
        channel=Channel.DESK,
        official=official,
        mode=found.mode,
        together=closing.colleagues_of(found) if found.mode == Mode.VIDEO else [],
    )
    by_day = groupby(free, key=lambda term: term.day)
    days = [(day, [(term, "") for term in many]) for day, many in by_day]
    first = request.GET.get("od", "")
    shown = [one for one in days if one[0].isoformat() >= first]
    return render(
        request,
        "console/terms.html",
        {
            "office": office.office,
            "member": member,
            "service": office.services[found.service_id],
            "official": official,
            "days": shown[:DAYS_SHOWN],
            "later": shown[DAYS_SHOWN][0] if len(shown) > DAYS_SHOWN else None,
            "key": uuid4(),
            "follows": found,
            "back": reverse("console:meetings", args=[office.office.slug]),
        },
    )


def own_meetings(office: Directory, user: int, at: datetime) -> list[dict[str, Any]]:
    """What the clerk at a counter has today in their own diary, besides the queue."""
    mine = [one for one in office.open_officials() if one.user_id == user]
    if not mine:
        return []
    lanes = [lanes_of(office)[one.pk] for one in mine]
    rows = meetings.of_day(office.office, calendar.day_of(at, office.tz), lanes, now=at)
    member = Membership.objects.get(office=office.office, user=user)
    return [one for one in _rows(office, member, rows) if not one["row"].over]


def _shown(office: Directory, member: Membership) -> dict[str, Any]:
    at = now()
    day = calendar.day_of(at, office.tz)
    rows = meetings.of_day(office.office, day, _lanes(office, member), now=at)
    seen = [one for one in _rows(office, member, rows) if one["may_look"]]
    return {
        "office": office.office,
        "member": member,
        "day": day,
        "rows": seen,
        "late_min": LATE_MIN,
        "several": len({one["row"].booking.lane_id for one in seen}) > 1,
        "down": [],
    }


def _lanes(office: Directory, member: Membership) -> list[int] | None:
    """Only one's own diary, unless one sees them all or serves whoever has no official."""
    if any(may_look(member, one) or may_lead(member, one) for one in office.open_officials()):
        own = [one for one in office.open_officials() if one.user_id == member.user_id]
        if own and member.role not in HEADS:
            return [lanes_of(office)[one.pk] for one in own]
    return None


def _rows(office: Directory, member: Membership, rows: list[meetings.Row]) -> list[dict[str, Any]]:
    """With words, and with what this person may do; one key works for the first that is not over."""
    first_led = first_late = True
    found = []
    away: dict[UUID, list[str]] = {}
    for one in participants.away_of(row.booking for row in rows):
        away.setdefault(one.meeting.booking_id, []).append(_name(one))
    for row in rows:
        official = official_of(office, row.booking)
        leads = may_lead(member, official)
        looks = may_look(member, official) if official else member.role in (*COUNTER, *HEADS)
        keys = first_led and leads and not row.over
        first_led = first_led and not keys
        late_key = first_late and leads and not row.over and row.booking.mode == Mode.VIDEO
        first_late = first_late and not late_key
        found.append(
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
                "names": [_name(one) for one in row.inside],
                "lobby": [(_name(one), one.came_at) for one in row.lobby],
            }
        )
    return found


def _name(one: Participant) -> str:
    return one.name or (str(one.official.name) if one.official else "") or _("Participant")


def _led(office: Directory, member: Membership, booking: UUID) -> Booking:
    """The booking, if this person leads its meeting."""
    rows = Booking.objects.filter(pk=booking, office=office.office, companion_of=None)
    found = rows.exclude(mode=Mode.PERSON).select_related("lane").first()
    if found is None:
        raise Http404
    if not may_lead(member, official_of(office, found)):
        raise PermissionDenied
    return found
