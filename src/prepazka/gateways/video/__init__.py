"""Rooms of conferencing servers: what each of them can do, and the way into one of them.

Whoever is let in gets an address made for them at that moment. It is sent to a browser only, never
written into a mail and never kept.
"""

from __future__ import annotations

import contextlib
from datetime import datetime

from django.core.files.storage import storages

from prepazka.gateways.video import bigbluebutton, jitsi
from prepazka.gateways.video.port import Paper, Person, Unavailable, Venue
from prepazka.meetings import providers
from prepazka.meetings.models import Document, Meeting, Participant
from prepazka.offices.directory import Directory
from prepazka.offices.models import Room

__all__ = ["Paper", "Unavailable", "address", "close", "fall_back", "prepare", "settle"]

SERVERS = {Room.JITSI.value: jitsi, Room.BIGBLUEBUTTON.value: bigbluebutton}


def papers_of(meeting: Meeting) -> list[Paper]:
    """The checked documents of the meeting that are small enough to be sent along."""
    rows = Document.objects.filter(
        meeting=meeting, state=Document.State.READY, size__lte=bigbluebutton.MOST_PAPER
    )
    found = []
    for one in rows.order_by("created_at", "pk"):
        with (
            contextlib.suppress(OSError),
            storages["papers"].open(f"{one.key}/file") as file,
        ):
            found.append(Paper(one.name, file.read()))
    return found


def prepare(meeting: Meeting, office: Directory, provider: str) -> None:
    """Make sure that people can be sent to that room now. Raises Unavailable."""
    if provider == Room.BIGBLUEBUTTON:
        bigbluebutton.prepare(_venue(meeting, office), papers_of(meeting))
    elif server := SERVERS.get(provider):
        server.prepare(_venue(meeting, office))
    elif provider == Room.LINK and not providers.address_of(meeting, office):
        raise Unavailable("no address of the room is known")


def address(meeting: Meeting, office: Directory, who: Participant, *, now: datetime) -> str:
    """The way into the room for one person, made for this moment. Raises Unavailable.

    Empty where the room is ours, or there is none.
    """
    provider = providers.provider_of(meeting, office)
    if provider == Room.LINK:
        if found := providers.address_of(meeting, office):
            return found
        raise Unavailable("no address of the room is known")
    if provider not in SERVERS:
        return ""
    person = Person(
        id=who.pk.hex,
        name=who.name or (str(who.official.name) if who.official else ""),
        leads=who.role == Participant.Role.CHAIR,
        language=who.language,
    )
    made: str = SERVERS[provider].address(_venue(meeting, office), person, now=now)
    return made


def settle(
    meeting: Meeting,
    office: Directory,
    *,
    now: datetime,
    actor: int | None = None,
) -> str:
    """Give the meeting the first room of its list that can be had; the last one always can."""
    if meeting.provider:
        return meeting.provider
    rooms = providers.rooms_of(meeting, office)
    return _first_of(rooms, meeting, office, now, actor)


def fall_back(
    meeting: Meeting,
    office: Directory,
    *,
    failed: str,
    now: datetime,
    actor: int | None = None,
) -> str:
    """Leave a room whose server is away for the next one of the list; its people are told."""
    rooms = providers.rooms_of(meeting, office)
    after = rooms[rooms.index(failed) + 1 :] if failed in rooms[:-1] else rooms[-1:]
    return _first_of(after, meeting, office, now, actor)


def close(meeting: Meeting, office: Directory) -> None:
    """End the room elsewhere too, as far as its server can; the meeting is over in any case."""
    if server := SERVERS.get(meeting.provider):
        server.close(_venue(meeting, office))


def _first_of(
    rooms: list[str],
    meeting: Meeting,
    office: Directory,
    now: datetime,
    actor: int | None,
) -> str:
    was = providers.provider_of(meeting, office)
    for one in rooms:
        try:
            prepare(meeting, office, one)
        except Unavailable:
            continue
        return providers.change_provider(
            meeting=meeting.pk,
            provider=one,
            failed_provider=was,
            why="unavailable",
            office=office,
            now=now,
            actor=actor,
        )
    raise AssertionError("the telephone can always be had")


def _venue(meeting: Meeting, office: Directory) -> Venue:
    service = office.services[meeting.booking.service_id]
    return Venue(
        code=providers.code_of(meeting),
        name=f"{service.name} \u2013 {office.office.name}",
        language=meeting.booking.language,
    )
