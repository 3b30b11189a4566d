"""Rooms of conferencing servers: addresses for participants, moving, and servers that fail."""

from __future__ import annotations

import contextlib
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_noop

from prepazka.core.refusal import Refused
from prepazka.gateways import video
from prepazka.meetings import providers, room, signals
from prepazka.meetings.models import Meeting, Participant
from prepazka.offices.models import Room
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id
from prepazka.surfaces.room import room_texts


class ServerAway(Refused):
    """The chosen conferencing server is unreachable; choose another room."""

    message = gettext_noop("The conferencing server is not responding. Please choose another room.")


class MovedOn(Refused):
    """The conferencing server failed as the chair entered; enter the meeting's new room."""

    message = gettext_noop("The conferencing server is not responding, so the meeting has moved.")


class WaitForOfficial(Refused):
    """The conferencing server failed for a participant; the chair is told and can move it."""

    message = gettext_noop(
        "The conferencing server is not responding. The official will sort it out."
    )


def must_sit(participant: Participant, seat: UUID | None) -> None:
    """Raise NotInside unless the participant is inside on that seat."""
    if participant.place != Participant.Place.INSIDE or not seat or participant.seat != seat:
        raise room.NotInside


def address_on_server(
    office: OfficeSnapshot, participant: Participant, *, now: datetime, actor: int | None
) -> str:
    """The participant's address in the server's room; empty if the meeting is on our page.

    If the server fails for the official, the meeting falls back to another room (MovedOn); other
    participants wait for the official (WaitForOfficial).
    """
    meeting = participant.meeting
    try:
        return video.address(meeting, office, participant, now=now)
    except video.Unavailable as error:
        if participant.role != Participant.Role.CHAIR:
            with transaction.atomic():
                Meeting.objects.select_for_update(no_key=True).get(pk=meeting.pk)
                signals.send_signal(meeting.pk, "away", {"participant": str(participant.pk)})
            raise WaitForOfficial from error
        failed = providers.provider_of(meeting, office)
        with contextlib.suppress(Refused):
            video.fall_back(meeting, office, failed=failed, now=now, actor=actor)
        raise MovedOn from error


def move_meeting(
    participant: Participant, chosen: str, address: str, *, now: datetime, actor: int | None
) -> None:
    """Move the meeting to the chosen room. Raises ServerAway, and what change_provider raises."""
    office = snapshot_by_id(participant.office_id)
    if chosen in video.SERVERS and participant.role == Participant.Role.CHAIR:
        try:
            video.prepare(participant.meeting, office, chosen)
        except video.Unavailable as error:
            raise ServerAway from error
    providers.change_provider(
        meeting=participant.meeting_id,
        provider=chosen,
        office=office,
        address=address if chosen == Room.LINK else "",
        chair=participant.pk,
        now=now,
        actor=actor,
    )


def rooms_to_choose(meeting: Meeting, office: OfficeSnapshot) -> list[tuple[str, str]]:
    """Codes and names of rooms to choose from: the office's list, our own room, an address."""
    listed = {*providers.rooms_of(meeting, office), Room.EMBEDDED.value, Room.LINK.value}
    return [(code, name) for code, name in room_texts.room_names().items() if code in listed]


def no_room_page(
    request: HttpRequest, office: OfficeSnapshot, participant: Participant, text: str, status: int
) -> HttpResponse:
    """The page of a window for which there is no room."""
    context = {
        "office": office.row,
        "said": text,
        "phone": room_texts.telephone_to_call(participant.meeting, office),
    }
    return render(request, "room/away.html", context, status=status)
