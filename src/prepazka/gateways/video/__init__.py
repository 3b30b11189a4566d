"""Rooms of conferencing servers: preparing, personal addresses, closing, falling back.

The address of an admitted person is made at that moment. It goes to a browser only, never to a
mail, and is not stored.
"""

from __future__ import annotations

import contextlib
from datetime import datetime

from django.core.files.storage import storages

from prepazka.gateways.video import bigbluebutton, jitsi
from prepazka.gateways.video.video_types import Paper, Person, Unavailable, Venue
from prepazka.meetings import providers
from prepazka.meetings.models import Document, DocumentState, Meeting, Participant
from prepazka.offices.models import Room
from prepazka.offices.office_snapshot import OfficeSnapshot

__all__ = ["Paper", "Unavailable", "address", "choose_provider", "close", "fall_back", "prepare"]

SERVERS = {Room.JITSI.value: jitsi, Room.BIGBLUEBUTTON.value: bigbluebutton}


def papers_of(meeting: Meeting) -> list[Paper]:
    """The meeting's checked documents that are small enough for the server."""
    rows = Document.objects.filter(
        meeting=meeting, state=DocumentState.READY, size__lte=bigbluebutton.MOST_PAPER
    )
    papers = []
    for document in rows.order_by("created_at", "pk"):
        with (
            contextlib.suppress(OSError),
            storages["papers"].open(f"{document.key}/file") as file,
        ):
            papers.append(Paper(document.name, file.read()))
    return papers


def prepare(meeting: Meeting, office: OfficeSnapshot, provider: str) -> None:
    """Check that the provider's room can be used now, creating it if needed. Raises Unavailable."""
    if provider == Room.BIGBLUEBUTTON:
        bigbluebutton.prepare(_venue(meeting, office), papers_of(meeting))
    elif server := SERVERS.get(provider):
        server.prepare(_venue(meeting, office))
    elif provider == Room.LINK and not providers.address_of(meeting, office):
        raise Unavailable("no address of the room is known")


def address(
    meeting: Meeting, office: OfficeSnapshot, participant: Participant, *, now: datetime
) -> str:
    """A personal, short-lived address of the room. Raises Unavailable.

    Empty if the room is our own or there is none.
    """
    provider = providers.provider_of(meeting, office)
    if provider == Room.LINK:
        if room_address := providers.address_of(meeting, office):
            return room_address
        raise Unavailable("no address of the room is known")
    if provider not in SERVERS:
        return ""
    person = Person(
        id=participant.pk.hex,
        name=participant.name or (str(participant.official.name) if participant.official else ""),
        leads=participant.role == Participant.Role.CHAIR,
        language=participant.language,
    )
    personal_address: str = SERVERS[provider].address(_venue(meeting, office), person, now=now)
    return personal_address


def choose_provider(
    meeting: Meeting,
    office: OfficeSnapshot,
    *,
    now: datetime,
    actor: int | None = None,
) -> str:
    """Choose the first available provider for the meeting; returns the provider.

    Returns the existing one if the meeting has one. The telephone is always available.
    """
    if meeting.provider:
        return meeting.provider
    rooms = providers.rooms_of(meeting, office)
    return _first_available(rooms, meeting, office, now, actor)


def fall_back(
    meeting: Meeting,
    office: OfficeSnapshot,
    *,
    failed: str,
    now: datetime,
    actor: int | None = None,
) -> str:
    """Replace a failed provider by the next available one and inform everybody; returns it."""
    rooms = providers.rooms_of(meeting, office)
    after = rooms[rooms.index(failed) + 1 :] if failed in rooms[:-1] else rooms[-1:]
    return _first_available(after, meeting, office, now, actor)


def close(meeting: Meeting, office: OfficeSnapshot) -> None:
    """End the room on the provider's server, if it has one that can do so."""
    if server := SERVERS.get(meeting.provider):
        server.close(_venue(meeting, office))


def _first_available(
    rooms: list[str],
    meeting: Meeting,
    office: OfficeSnapshot,
    now: datetime,
    actor: int | None,
) -> str:
    failed_provider = providers.provider_of(meeting, office)
    for provider in rooms:
        try:
            prepare(meeting, office, provider)
        except Unavailable:
            continue
        return providers.change_provider(
            meeting=meeting.pk,
            provider=provider,
            failed_provider=failed_provider,
            why="unavailable",
            office=office,
            now=now,
            actor=actor,
        )
    raise AssertionError("the telephone can always be had")


def _venue(meeting: Meeting, office: OfficeSnapshot) -> Venue:
    service = office.services[meeting.booking.service_id]
    return Venue(
        code=providers.code_of(meeting),
        name=f"{service.name} \u2013 {office.row.name}",
        language=meeting.booking.language,
    )
