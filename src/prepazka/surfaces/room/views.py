"""The room's page and its steps; the link in the address says who comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from prepazka.core.refusal import Refused
from prepazka.gateways import video
from prepazka.meetings import links, providers, room, seats
from prepazka.meetings.models import Meeting, Participant, Said
from prepazka.offices.directory import Directory, directory_by_id
from prepazka.reporting import meetings
from prepazka.surfaces.room import elsewhere, papers_words, words
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
        .select_related("meeting__booking", "meeting__booking__lane", "official", "office")
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
        "rooms": elsewhere.offered(meeting, office) if who.role == Participant.Role.CHAIR else [],
        "follow_up": reverse("console:follow_up", args=[office.office.slug, meeting.booking_id]),
        "call": meeting.booking.phone if who.role == Participant.Role.CHAIR else "",
        "settings": {
            "policy": settings.ICE_POLICY,
            "me": str(who.pk),
            "provider": providers.provider_of(meeting, office),
            "where": words.elsewhere(meeting, office, is_chair=who.role == Participant.Role.CHAIR),
        },
        "words": words.of_script(),
        **papers_words.of_page(who, link, now=moment),
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
    """The way into a room elsewhere."""
    moment, seat = now(), _uuid(request.GET.get("misto", ""))
    try:
        limit_address(request, ENTERING, now=moment)
        if over := words.over_before(office, who, link, moment):
            return elsewhere.away(request, office, who, over, 410)
        elsewhere.must_sit(who, seat)
        found = elsewhere.way(office, who, now=moment, actor=_actor(request, who))
    except Refused as refused:
        said, status = errors.sentence(refused), errors.status_of(refused)
        return elsewhere.away(request, office, who, said, status)
    here = reverse("room:page", args=[office.office.slug, links.sign(who.pk, link)])
    return HttpResponseRedirect(found or here)


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
    said = request.POST
    elsewhere.move(
        who,
        said.get("room", ""),
        said.get("address", "").strip(),
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
