"""Providers of meeting rooms: the office's list in its order, the telephone last.

A meeting gets its room when the official comes; people in the lobby and the room see every change
at once. Nothing here contacts a provider's server; the caller has done that.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_noop

from prepazka.core import events
from prepazka.core.refusal import Refused
from prepazka.core.room_addresses import is_room_address
from prepazka.journal.record import record
from prepazka.meetings import room, signals
from prepazka.meetings.models import Meeting, MeetingState
from prepazka.offices.models import Room
from prepazka.offices.office_snapshot import OfficeSnapshot

CODE_OF_ROOM = "{code}"
SALT = "meeting:room"
LONG = 24  # hexadecimal digits, too many to guess


class NoSuchRoom(Refused):
    """The office has not set up this provider of rooms; choose one of `rooms_of`."""

    message = gettext_noop("This office does not offer this kind of meeting room.")


class NoRoomAddress(Refused):
    """A room of another provider needs an https address; ask for it."""

    message = gettext_noop("Enter the address of the room. It starts with https://.")


def rooms_of(meeting: Meeting, office: OfficeSnapshot) -> list[str]:
    """The providers allowed for this meeting, the preferred first, the telephone always last."""
    service = office.services[meeting.booking.service_id]
    listed = service.video_rooms or office.row.video_rooms or [Room.EMBEDDED]
    return [*dict.fromkeys([*map(str, listed), Room.TELEPHONE.value])]


def provider_of(meeting: Meeting, office: OfficeSnapshot) -> str:
    """The meeting's provider, or the preferred one if none is chosen yet."""
    return meeting.provider or rooms_of(meeting, office)[0]


def code_of(meeting: Meeting) -> str:
    """The meeting's name on providers' servers; constant, and impossible to guess."""
    return "p" + salted_hmac(SALT, str(meeting.pk), algorithm="sha256").hexdigest()[:LONG]


def address_of(meeting: Meeting, office: OfficeSnapshot) -> str:
    """The address of an external room: the meeting's own, else made from the office's template."""
    if meeting.address:
        return meeting.address
    return office.row.video_link.replace(CODE_OF_ROOM, code_of(meeting))


@transaction.atomic
def change_provider(
    *,
    meeting: UUID,
    provider: str,
    office: OfficeSnapshot,
    now: datetime,
    failed_provider: str | None = None,
    address: str = "",
    why: Literal["chosen", "unavailable"] = "chosen",
    chair: UUID | None = None,
    actor: int | None = None,
) -> str:
    """Change the meeting's provider and inform everybody; returns the provider used now.

    People with an open page see the change there, the others get a message. With `failed_provider`
    nothing changes if another provider is used meanwhile. With `chair` only the official inside may
    change it. Raises MeetingOver, OnlyTheChair, NoSuchRoom, NoRoomAddress.
    """
    meetings = Meeting.objects.select_for_update(no_key=True, of=("self",)).select_related(
        "booking"
    )
    locked = meetings.get(pk=meeting)
    if locked.state == MeetingState.ENDED:
        raise room.MeetingOver
    if chair and not _is_leading(locked, chair):
        raise room.OnlyTheChair
    planned = provider_of(locked, office)
    if failed_provider is not None and planned != failed_provider:
        return planned
    _check_room(locked, office, provider, address)
    previous = (planned, locked.address)
    is_first, locked.provider = not locked.provider, provider
    locked.address = address if provider == Room.LINK and address else locked.address
    locked.save(update_fields=["provider", "address"])
    if (provider, locked.address) != previous:
        record(
            events.MeetingProviderChanged(
                office=locked.office_id,
                meeting=str(locked.pk),
                booking=str(locked.booking_id),
                absent=[str(participant.pk) for participant in room.absent_participants(locked)],
                provider=provider,
                was=planned,
                why=why,
                at=now,
                actor=actor,
            )
        )
    if is_first or (provider, locked.address) != previous:
        signals.send_signal(locked.pk, "provider", {"provider": provider})
    return provider


def _check_room(meeting: Meeting, office: OfficeSnapshot, provider: str, address: str) -> None:
    if provider not in Room.values:
        raise NoSuchRoom
    if provider in {Room.JITSI, Room.BIGBLUEBUTTON} and provider not in rooms_of(meeting, office):
        raise NoSuchRoom
    if address and not is_room_address(address):
        raise NoRoomAddress
    if provider == Room.LINK and not (address or address_of(meeting, office)):
        raise NoRoomAddress


def _is_leading(meeting: Meeting, chair: UUID) -> bool:
    rows = meeting.participants.filter(pk=chair, role="chair", revoked_at=None, place="inside")
    return rows.exists()
