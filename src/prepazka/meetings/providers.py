"""Whose room a meeting is in: the office's list in its order, and at the end the telephone.

A meeting gets its room when the official comes, and whoever is in the lobby or in the room is told
of every change at once. Nothing here asks a server; whoever calls has done so before.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.utils.crypto import salted_hmac

from prepazka.core import events
from prepazka.core.addresses import is_room_address
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.meetings import room, signals
from prepazka.meetings.models import Meeting
from prepazka.offices.directory import Directory
from prepazka.offices.models import Room

CODE_OF_ROOM = "{code}"
SALT = "meeting:room"
LONG = 24  # hexadecimal digits that nobody guesses


class NoSuchRoom(Refused):
    """This office has no such room for meetings."""


class NoRoomAddress(Refused):
    """Write the address of the room; it begins with https://."""


def rooms_of(meeting: Meeting, office: Directory) -> list[str]:
    """Where this meeting can be, first the room that is meant; the telephone is always the last."""
    service = office.services[meeting.booking.service_id]
    listed = service.video_rooms or office.office.video_rooms or [Room.EMBEDDED]
    return [*dict.fromkeys([*map(str, listed), Room.TELEPHONE.value])]


def provider_of(meeting: Meeting, office: Directory) -> str:
    """Whose room it is, or would be now."""
    return meeting.provider or rooms_of(meeting, office)[0]


def code_of(meeting: Meeting) -> str:
    """The meeting's name on foreign servers: always the same, and not to be guessed."""
    return "p" + salted_hmac(SALT, str(meeting.pk), algorithm="sha256").hexdigest()[:LONG]


def address_of(meeting: Meeting, office: Directory) -> str:
    """Of a room elsewhere: what was written for this meeting, else the office's with its code."""
    if meeting.address:
        return meeting.address
    return office.office.video_link.replace(CODE_OF_ROOM, code_of(meeting))


@transaction.atomic
def change_provider(
    *,
    meeting: UUID,
    provider: str,
    office: Directory,
    now: datetime,
    was: str | None = None,
    address: str = "",
    why: Literal["chosen", "unavailable"] = "chosen",
    chair: UUID | None = None,
    actor: int | None = None,
) -> str:
    """Let the meeting be in that room, and tell everybody; answers whose room it is.

    Whose page is open reads it there, in the lobby too; everybody else gets a message.

    `was` says which room failed: if another one is used meanwhile, nothing changes. With `chair`
    only the official who is inside may. Raises MeetingOver, OnlyTheChair, NoSuchRoom,
    NoRoomAddress.
    """
    held = Meeting.objects.select_for_update(no_key=True, of=("self",)).select_related("booking")
    found = held.get(pk=meeting)
    if found.state == Meeting.State.ENDED:
        raise room.MeetingOver
    if chair and not _leads(found, chair):
        raise room.OnlyTheChair
    planned = provider_of(found, office)
    if was is not None and planned != was:
        return planned
    _look(found, office, provider, address)
    before = (planned, found.address)
    is_first, found.provider = not found.provider, provider
    found.address = address if provider == Room.LINK and address else found.address
    found.save(update_fields=["provider", "address"])
    if (provider, found.address) != before:
        record(
            events.MeetingProviderChanged(
                office=found.office_id,
                meeting=str(found.pk),
                booking=str(found.booking_id),
                absent=[str(one.pk) for one in room.absent(found)],
                provider=provider,
                was=planned,
                why=why,
                at=now,
                actor=actor,
            )
        )
    if is_first or (provider, found.address) != before:
        signals.tell(found.pk, "provider", {"provider": provider})
    return provider


def _look(found: Meeting, office: Directory, provider: str, address: str) -> None:
    if provider not in Room.values:
        raise NoSuchRoom
    if provider in {Room.JITSI, Room.BIGBLUEBUTTON} and provider not in rooms_of(found, office):
        raise NoSuchRoom
    if address and not is_room_address(address):
        raise NoRoomAddress
    if provider == Room.LINK and not (address or address_of(found, office)):
        raise NoRoomAddress


def _leads(found: Meeting, chair: UUID) -> bool:
    rows = found.participants.filter(pk=chair, role="chair", revoked_at=None, place="inside")
    return rows.exists()
