"""Rooms of conferencing servers: who gets the way in, and what is said when there is none."""

from __future__ import annotations

import contextlib
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from prepazka.core.refusal import Refused
from prepazka.gateways import video
from prepazka.meetings import providers, room, signals
from prepazka.meetings.models import Meeting, Participant
from prepazka.offices.directory import Directory, directory_by_id
from prepazka.offices.models import Room
from prepazka.surfaces.room import words


class ServerAway(Refused):
    """The conferencing server does not answer. Please choose another room."""


class MovedOn(Refused):
    """The conferencing server does not answer, so the meeting has moved."""


class WaitForOfficial(Refused):
    """The conferencing server does not answer. The official will see to it."""


def must_sit(who: Participant, seat: UUID | None) -> None:
    """Only whoever is inside, on that very seat. Raises NotInside."""
    if who.place != Participant.Place.INSIDE or not seat or who.seat != seat:
        raise room.NotInside


def way(office: Directory, who: Participant, *, now: datetime, actor: int | None) -> str:
    """The address for this person, made now; empty if nobody has to be sent anywhere.

    By the official's failure the meeting moves on; others wait for the official. Raises MovedOn,
    WaitForOfficial.
    """
    meeting = who.meeting
    try:
        return video.address(meeting, office, who, now=now)
    except video.Unavailable as error:
        if who.role != Participant.Role.CHAIR:
            with transaction.atomic():
                Meeting.objects.select_for_update(no_key=True).get(pk=meeting.pk)
                signals.tell(meeting.pk, "away", {"participant": str(who.pk)})
            raise WaitForOfficial from error
        failed = providers.provider_of(meeting, office)
        with contextlib.suppress(Refused):
            video.fall_back(meeting, office, failed=failed, now=now, actor=actor)
        raise MovedOn from error


def move(who: Participant, chosen: str, address: str, *, now: datetime, actor: int | None) -> None:
    """The official chooses another room. Raises ServerAway and as change_provider."""
    office = directory_by_id(who.office_id)
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
        now=now,
        actor=actor,
    )


def offered(meeting: Meeting, office: Directory) -> list[tuple[str, str]]:
    """What the official may choose: the office's list, our own room, an address, the telephone."""
    listed = {*providers.rooms_of(meeting, office), Room.EMBEDDED.value, Room.LINK.value}
    return [(code, name) for code, name in words.rooms().items() if code in listed]


def away(
    request: HttpRequest, office: Directory, who: Participant, said: str, status: int
) -> HttpResponse:
    """A page for the window that leads nowhere."""
    context = {"office": office.office, "said": said, "phone": words.phone(who.meeting, office)}
    return render(request, "room/away.html", context, status=status)
