"""The room's page and its steps; the link in the address says who comes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from prepazka.core.refusal import Refused
from prepazka.gateways import video
from prepazka.meetings import links, participants, providers, room, seats, signals
from prepazka.meetings.models import Meeting, Participant, Said
from prepazka.offices.directory import Directory, directory_by_id
from prepazka.offices.models import Room
from prepazka.reporting import meetings
from prepazka.surfaces.room import words
from prepazka.web import errors
from prepazka.web.limits import REQUESTS, Limit, limit_address
from prepazka.web.shortcuts import now, office_or_404
from prepazka.web.staff import may_lead, member_of, not_yet

ENTERING = Limit("room", 120, REQUESTS.per)
LINES = 500  # of the chat that a newcomer is given
# The only pages of ours on which a camera may be asked for.
DEVICES = (
    "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self),"
    " speaker-selection=(self), geolocation=(), payment=()"
)
View = Callable[..., HttpResponse]


class ServerAway(Refused):
    """The conferencing server does not answer. Please choose another room."""


def of_participant(view: View) -> View:
    """Give the view the participant of the address, and the number of its link."""

    @wraps(view)
    def wrapped(request: HttpRequest, slug: str, token: str, **more: Any) -> HttpResponse:
        office = office_or_404(slug)
        try:
            who, link = _participant(office, token)
            if who.role == Participant.Role.CHAIR:
                # The powers of the office are not in a link alone.
                if (refusal := not_yet(request)) is not None:
                    return refusal
                member = member_of(request, office)
                if member is None:
                    raise Http404(token)
                if not may_lead(member, who.official):
                    raise PermissionDenied
            response = view(request, office, who, link, **more)
        finally:
            timezone.deactivate()
        response["Referrer-Policy"] = "no-referrer"
        return response

    return never_cache(wrapped)


def _participant(office: Directory, token: str) -> tuple[Participant, int]:
    said = links.read(token)
    found = said and (
        Participant.objects.filter(pk=said[0], office=office.office)
        .select_related("meeting__booking", "meeting__booking__lane", "official")
        .first()
    )
    if not found or not said:
        raise Http404(token)
    return found, said[1]


@of_participant
@require_safe
def page(request: HttpRequest, office: Directory, who: Participant, link: int) -> HttpResponse:
    """The whole page; its script shows the check, the lobby and the room by turns."""
    meeting, moment = who.meeting, now()
    over = words.over_before(office, who, link, moment)
    context: dict[str, Any] = {
        "office": office.office,
        "meeting": meeting,
        "booking": meeting.booking,
        "service": office.services[meeting.booking.service_id].name,
        "who": who,
        "chair": words.leads(meeting),
        "phone": words.phone(meeting, office),
        "over": over,
        "opens_at": meeting.booking.starts_at - room.OPENS,
        "early": who.role not in room.OFFICIALS and moment < meeting.booking.starts_at - room.OPENS,
        "is_chair": who.role == Participant.Role.CHAIR,
        "rooms": _rooms(meeting, office) if who.role == Participant.Role.CHAIR else [],
        "follow_up": reverse("console:follow_up", args=[office.office.slug, meeting.booking_id]),
        "call": meeting.booking.phone if who.role == Participant.Role.CHAIR else "",
        "settings": {
            "policy": settings.ICE_POLICY,
            "me": str(who.pk),
            "provider": providers.provider_of(meeting, office),
            "where": words.elsewhere(meeting, office, is_chair=who.role == Participant.Role.CHAIR),
        },
        "words": words.of_script(),
    }
    if over:
        return render(request, "room/over.html", context, status=410)
    response = render(request, "room/page.html", context)
    response["Permissions-Policy"] = DEVICES
    return response


@of_participant
@require_POST
def enter(request: HttpRequest, office: Directory, who: Participant, link: int) -> HttpResponse:
    """Take the seat; the answer is its credential."""
    moment = now()
    try:
        limit_address(request, ENTERING, now=moment)
        if who.role == Participant.Role.CHAIR and not words.over_before(office, who, link, moment):
            video.settle(who.meeting, office, now=moment, actor=_actor(request, who))
        entered = room.enter(
            participant=who.pk,
            link=link,
            seat=_uuid(request.POST.get("seat", "")),
            take=request.POST.get("take") == "1",
            now=moment,
            actor=_actor(request, who),
        )
    except Refused as refused:
        return _problem(refused)
    taken = entered.participant
    assert taken.seat  # noqa: S101  # just taken
    credential = seats.sign(seats.Seat(taken.pk, taken.meeting_id, taken.seat, taken.link))
    said = {"credential": credential, "seat": str(taken.seat), "after": entered.after}
    return JsonResponse(said | {"place": taken.place})


@of_participant
@require_safe
def turn(request: HttpRequest, office: Directory, who: Participant, link: int) -> HttpResponse:
    """Whose turn it will be, in words, for the lobby."""
    found = meetings.turn(who.meeting, now=now())
    return JsonResponse({"text": words.waiting(found, who.meeting)})


@of_participant
@require_safe
def inside(request: HttpRequest, office: Directory, who: Participant, link: int) -> HttpResponse:
    """What only those inside get: the servers of the connection, and the chat since they came in."""
    link_holds = who.revoked_at is None and who.link == link
    running = who.meeting.state != Meeting.State.ENDED
    if not (link_holds and running and who.place == Participant.Place.INSIDE):
        return _problem(room.NotInside())
    lines = Said.objects.filter(meeting=who.meeting_id, at__gte=who.admitted_at)
    return JsonResponse(
        {
            "ice": seats.ice_servers(who.pk, now=now()),
            "said": [
                {
                    "id": one.pk,
                    "participant": str(one.participant_id),
                    "text": one.text,
                    "at": one.at.isoformat(),
                }
                for one in reversed(lines.order_by("-pk")[:LINES])
            ],
        }
    )


@of_participant
@require_safe
def venue(request: HttpRequest, office: Directory, who: Participant, link: int) -> HttpResponse:
    """The way into a room elsewhere, made now for whoever was let in and sits in this browser."""
    moment, meeting = now(), who.meeting
    over = words.over_before(office, who, link, moment)
    seat = _uuid(request.GET.get("misto", ""))
    if over or who.place != Participant.Place.INSIDE or not seat or who.seat != seat:
        said = over or errors.sentence(room.NotInside())
        return _away(request, office, who, said, status=410 if over else 403)
    try:
        limit_address(request, ENTERING, now=moment)
        found = video.address(meeting, office, who, now=moment)
    except Refused as refused:
        return _away(request, office, who, errors.sentence(refused), errors.status_of(refused))
    except video.Unavailable:
        return _server_away(request, office, who, moment)
    return HttpResponseRedirect(found) if found else redirect(_page(office, who))


def _server_away(
    request: HttpRequest, office: Directory, who: Participant, moment: datetime
) -> HttpResponse:
    """The official moves the meeting to the next room by their failure; others are asked to wait."""
    meeting = who.meeting
    if who.role == Participant.Role.CHAIR:
        failed = providers.provider_of(meeting, office)
        actor = _actor(request, who)
        with contextlib.suppress(Refused):
            video.fall_back(meeting, office, failed=failed, now=moment, actor=actor)
        said = _("The conferencing server does not answer, so the meeting has moved.")
    else:
        said = _("The conferencing server does not answer. The official will see to it.")
        with transaction.atomic():
            Meeting.objects.select_for_update(no_key=True).get(pk=meeting.pk)
            signals.tell(meeting.pk, "away", {"participant": str(who.pk)})
    return _away(request, office, who, said, status=503)


def _away(
    request: HttpRequest, office: Directory, who: Participant, said: str, status: int
) -> HttpResponse:
    context = {"office": office.office, "said": said, "phone": words.phone(who.meeting, office)}
    return render(request, "room/away.html", context, status=status)


def _page(office: Directory, who: Participant) -> str:
    return reverse("room:page", args=[office.office.slug, participants.link_of(who)])


def _rooms(meeting: Meeting, office: Directory) -> list[tuple[str, str]]:
    """What the official may choose: the office's list, our own room, an address, the telephone."""
    listed = providers.rooms_of(meeting, office)
    offered = {*listed, Room.EMBEDDED.value, Room.LINK.value}
    return [(code, name) for code, name in words.rooms().items() if code in offered]


@of_participant
@require_POST
def step(
    request: HttpRequest, office: Directory, who: Participant, link: int, action: str
) -> HttpResponse:
    """One step of a person in the room, by the seat that its tab has."""
    act = STEPS.get(action)
    seat = _uuid(request.POST.get("seat", ""))
    if act is None:
        raise Http404(action)
    if who.seat is None or who.seat != seat:
        return _problem(room.NotInside())
    try:
        act(request, who, seat, now())
    except Refused as refused:
        return _problem(refused)
    return JsonResponse({})


def _by_chair(use_case: Callable[..., None]) -> Callable[..., None]:
    def act(request: HttpRequest, who: Participant, seat: UUID, moment: datetime) -> None:
        whom = _uuid(request.POST.get("who", ""))
        if whom is None:
            raise room.NotInside
        use_case(chair=who.pk, participant=whom, now=moment, actor=_actor(request, who))

    return act


def _leave(request: HttpRequest, who: Participant, seat: UUID, moment: datetime) -> None:
    room.leave(participant=who.pk, seat=seat, now=moment, actor=_actor(request, who))


def _end(request: HttpRequest, who: Participant, seat: UUID, moment: datetime) -> None:
    room.end_meeting(chair=who.pk, now=moment, actor=_actor(request, who))
    video.close(who.meeting, directory_by_id(who.office_id))


def _choose(request: HttpRequest, who: Participant, seat: UUID, moment: datetime) -> None:
    office, chosen = directory_by_id(who.office_id), request.POST.get("room", "")
    address = request.POST.get("address", "").strip()
    if chosen in video.SERVERS and who.role == Participant.Role.CHAIR:
        try:
            video.prepare(who.meeting, office, chosen)
        except video.Unavailable as error:
            raise ServerAway from error
    providers.change_provider(
        meeting=who.meeting_id,
        provider=chosen,
        office=office,
        address=address if chosen == Room.LINK else "",
        chair=who.pk,
        now=moment,
        actor=_actor(request, who),
    )


def _say(request: HttpRequest, who: Participant, seat: UUID, moment: datetime) -> None:
    room.say(participant=who.pk, seat=seat, text=request.POST.get("text", ""), now=moment)


def _hand(request: HttpRequest, who: Participant, seat: UUID, moment: datetime) -> None:
    up = request.POST.get("up") == "1"
    room.raise_hand(participant=who.pk, seat=seat, up=up, now=moment)


STEPS: dict[str, Callable[..., None]] = {
    "pustit": _by_chair(room.admit),
    "vratit": _by_chair(room.put_back),
    "ztlumit": _by_chair(room.mute),
    "odebrat": _by_chair(room.remove),
    "odejit": _leave,
    "skoncit": _end,
    "mistnost": _choose,
    "rici": _say,
    "ruka": _hand,
}


def _problem(refused: Refused) -> JsonResponse:
    return errors.mark_retry(  # type: ignore[return-value]  # the same answer
        errors.problem(errors.status_of(refused), errors.sentence(refused), refused.code), refused
    )


def _actor(request: HttpRequest, who: Participant) -> int | None:
    """The account of the staff who acts; citizens have none."""
    return request.user.pk if who.role in room.OFFICIALS and request.user.pk else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
