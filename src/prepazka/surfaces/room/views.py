"""The meeting room's page and steps; the token in the address identifies the participant."""

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
from prepazka.meetings import participant_links, providers, room, seats
from prepazka.meetings.models import ChatMessage, MeetingState, Participant
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id
from prepazka.reporting import meeting_schedule
from prepazka.surfaces.room import document_texts, external_rooms, room_texts
from prepazka.web import errors
from prepazka.web.limits import REQUESTS, Limit, limit_address
from prepazka.web.shortcuts import now, office_or_404
from prepazka.web.staff_access import may_lead, member_of, step_before_access

ENTERING = Limit("room", 120, REQUESTS.per)
LINES = 500  # latest chat messages sent to a participant who enters
# These pages are the only ones that may ask for the camera.
DEVICES = (
    "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self),"
    " speaker-selection=(self), geolocation=(), payment=()"
)
View = Callable[..., HttpResponse]


def of_participant(view: View) -> View:
    """Pass the office, participant and link number of the address to the view."""

    @wraps(view)
    def wrapped(request: HttpRequest, slug: str, token: str, **kwargs: Any) -> HttpResponse:
        office = office_or_404(slug)
        try:
            participant, link = _participant(office, token)
            if participant.role == Participant.Role.CHAIR:
                # A leaked link must not give an official's powers, so the chair must log in too.
                if (refusal := step_before_access(request)) is not None:
                    return refusal
                member = member_of(request, office)
                if member is None:
                    raise Http404(token)
                if not may_lead(member, participant.official):
                    raise PermissionDenied
            response = view(request, office, participant, link, **kwargs)
        finally:
            timezone.deactivate()
        response["Referrer-Policy"] = "no-referrer"
        return response

    return never_cache(wrapped)


def _participant(office: OfficeSnapshot, token: str) -> tuple[Participant, int]:
    payload = participant_links.participant_of_link(token)
    participant = payload and (
        Participant.objects.filter(pk=payload[0], office=office.row)
        .select_related("meeting__booking", "meeting__booking__lane", "official", "office")
        .first()
    )
    if not participant or not payload:
        raise Http404(token)
    return participant, payload[1]


@of_participant
@require_safe
def room_page(
    request: HttpRequest, office: OfficeSnapshot, participant: Participant, link: int
) -> HttpResponse:
    """The room's page; its script switches between device check, lobby and room."""
    meeting, moment = participant.meeting, now()
    over = room_texts.over_before(office, participant, link, moment)
    context: dict[str, Any] = {
        "office": office.row,
        "meeting": meeting,
        "booking": meeting.booking,
        "service": office.services[meeting.booking.service_id].name,
        "who": participant,
        "chair": room_texts.name_of_leader(meeting),
        "phone": room_texts.telephone_to_call(meeting, office),
        "over": over,
        "opens_at": meeting.booking.starts_at - room.OPENS,
        "early": participant.role not in room.OFFICIALS
        and moment < meeting.booking.starts_at - room.OPENS,
        "is_chair": participant.role == Participant.Role.CHAIR,
        "rooms": external_rooms.rooms_to_choose(meeting, office)
        if participant.role == Participant.Role.CHAIR
        else [],
        "follow_up": reverse("console:follow_up", args=[office.slug, meeting.booking_id]),
        "call": meeting.booking.phone if participant.role == Participant.Role.CHAIR else "",
        "settings": {
            "policy": settings.ICE_POLICY,
            "me": str(participant.pk),
            "provider": providers.provider_of(meeting, office),
            "where": room_texts.place_in_words(
                meeting, office, is_chair=participant.role == Participant.Role.CHAIR
            ),
        },
        "words": room_texts.of_script(),
        **document_texts.of_page(participant, link, now=moment),
    }
    if over:
        return render(request, "room/over.html", context, status=410)
    response = render(request, "room/page.html", context)
    response["Permissions-Policy"] = DEVICES
    return response


@of_participant
@require_POST
def take_seat(
    request: HttpRequest, office: OfficeSnapshot, participant: Participant, link: int
) -> HttpResponse:
    """Take a seat; returns its credential."""
    moment = now()
    try:
        limit_address(request, ENTERING, now=moment)
        if participant.role == Participant.Role.CHAIR and not room_texts.over_before(
            office, participant, link, moment
        ):
            video.choose_provider(
                participant.meeting, office, now=moment, actor=_actor(request, participant)
            )
        entered = room.enter_room(
            participant=participant.pk,
            link=link,
            seat=_uuid(request.POST.get("seat", "")),
            take=request.POST.get("take") == "1",
            now=moment,
            actor=_actor(request, participant),
        )
    except Refused as refused:
        return _problem(refused)
    seated = entered.participant
    assert seated.seat  # noqa: S101  # just taken
    credential = seats.sign_seat(seats.Seat(seated.pk, seated.meeting_id, seated.seat, seated.link))
    answer = {"credential": credential, "seat": str(seated.seat), "after": entered.after}
    return JsonResponse(answer | {"place": seated.place})


@of_participant
@require_safe
def turn_response(
    request: HttpRequest, office: OfficeSnapshot, participant: Participant, link: int
) -> HttpResponse:
    """The participant's turn in words, for the lobby."""
    queue_turn = meeting_schedule.meeting_turn(participant.meeting, now=now())
    return JsonResponse({"text": room_texts.waiting_in_words(queue_turn, participant.meeting)})


@of_participant
@require_safe
def room_setup(
    request: HttpRequest, office: OfficeSnapshot, participant: Participant, link: int
) -> HttpResponse:
    """ICE servers, and the chat since the participant was admitted; only for those inside."""
    link_holds = participant.revoked_at is None and participant.link == link
    running = participant.meeting.state != MeetingState.ENDED
    if not (link_holds and running and participant.place == Participant.Place.INSIDE):
        return _problem(room.NotInside())
    lines = ChatMessage.objects.filter(
        meeting=participant.meeting_id, at__gte=participant.admitted_at
    )
    return JsonResponse(
        {
            "ice": seats.ice_servers(participant.pk, now=now()),
            "said": [
                {
                    "id": message.pk,
                    "participant": str(message.participant_id),
                    "text": message.text,
                    "at": message.at.isoformat(),
                }
                for message in reversed(lines.order_by("-pk")[:LINES])
            ],
        }
    )


@of_participant
@require_safe
def redirect_to_server(
    request: HttpRequest, office: OfficeSnapshot, participant: Participant, link: int
) -> HttpResponse:
    """Redirect into the room of a conferencing server."""
    moment, seat = now(), _uuid(request.GET.get("misto", ""))
    try:
        limit_address(request, ENTERING, now=moment)
        if over := room_texts.over_before(office, participant, link, moment):
            return external_rooms.no_room_page(request, office, participant, over, 410)
        external_rooms.must_sit(participant, seat)
        address = external_rooms.address_on_server(
            office, participant, now=moment, actor=_actor(request, participant)
        )
    except Refused as refused:
        text, status = errors.refusal_sentence(refused), errors.status_of(refused)
        return external_rooms.no_room_page(request, office, participant, text, status)
    own_page = reverse(
        "room:page", args=[office.slug, participant_links.sign_token(participant.pk, link)]
    )
    return HttpResponseRedirect(address or own_page)


@of_participant
@require_POST
def participant_step(
    request: HttpRequest, office: OfficeSnapshot, participant: Participant, link: int, action: str
) -> HttpResponse:
    """Do one step of a participant inside, identified by the seat of its tab."""
    act = STEPS.get(action)
    seat = _uuid(request.POST.get("seat", ""))
    if act is None:
        raise Http404(action)
    if participant.seat is None or participant.seat != seat:
        return _problem(room.NotInside())
    try:
        act(request, participant, seat, now())
    except Refused as refused:
        return _problem(refused)
    return JsonResponse({})


def _by_chair(use_case: Callable[..., None]) -> Callable[..., None]:
    def act(request: HttpRequest, participant: Participant, seat: UUID, moment: datetime) -> None:
        whom = _uuid(request.POST.get("who", ""))
        if whom is None:
            raise room.NotInside
        use_case(
            chair=participant.pk, participant=whom, now=moment, actor=_actor(request, participant)
        )

    return act


def _leave(request: HttpRequest, participant: Participant, seat: UUID, moment: datetime) -> None:
    room.leave_room(
        participant=participant.pk, seat=seat, now=moment, actor=_actor(request, participant)
    )


def _end(request: HttpRequest, participant: Participant, seat: UUID, moment: datetime) -> None:
    room.end_meeting(chair=participant.pk, now=moment, actor=_actor(request, participant))
    video.close(participant.meeting, snapshot_by_id(participant.office_id))


def _move_meeting(
    request: HttpRequest, participant: Participant, seat: UUID, moment: datetime
) -> None:
    form = request.POST
    external_rooms.move_meeting(
        participant,
        form.get("room", ""),
        form.get("address", "").strip(),
        now=moment,
        actor=_actor(request, participant),
    )


def _say(request: HttpRequest, participant: Participant, seat: UUID, moment: datetime) -> None:
    room.post_chat_message(
        participant=participant.pk, seat=seat, text=request.POST.get("text", ""), now=moment
    )


def _raise_hand(
    request: HttpRequest, participant: Participant, seat: UUID, moment: datetime
) -> None:
    up = request.POST.get("up") == "1"
    room.raise_hand(participant=participant.pk, seat=seat, up=up, now=moment)


STEPS: dict[str, Callable[..., None]] = {
    "pustit": _by_chair(room.admit_participant),
    "vratit": _by_chair(room.return_to_lobby),
    "ztlumit": _by_chair(room.mute_participant),
    "odebrat": _by_chair(room.remove_participant),
    "odejit": _leave,
    "skoncit": _end,
    "mistnost": _move_meeting,
    "rici": _say,
    "ruka": _raise_hand,
}


def _problem(refused: Refused) -> JsonResponse:
    return errors.mark_retry(  # type: ignore[return-value]  # the same answer
        errors.problem(errors.status_of(refused), errors.refusal_sentence(refused), refused.code),
        refused,
    )


def _actor(request: HttpRequest, participant: Participant) -> int | None:
    """The user id of the acting member of staff; None for citizens."""
    return request.user.pk if participant.role in room.OFFICIALS and request.user.pk else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
