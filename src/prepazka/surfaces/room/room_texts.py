"""Texts of the meeting room's page and scripts."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from prepazka.booking.models import LIVE, BookingState
from prepazka.core import calendar
from prepazka.core.room_addresses import host_of
from prepazka.meetings import providers, room
from prepazka.meetings.models import Meeting, MeetingState, Participant
from prepazka.offices.models import Room
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting.meeting_schedule import Turn
from prepazka.web.errors import refusal_sentence


def name_of_leader(meeting: Meeting) -> str:
    """The name of the official who leads the meeting."""
    chairs = meeting.participants.filter(role=Participant.Role.CHAIR).select_related("official")
    chair = chairs.first()
    official = chair.official if chair else meeting.booking.lane.official
    return (chair.name if chair else "") or (str(official.name) if official else "")


def telephone_to_call(meeting: Meeting, office: OfficeSnapshot) -> str:
    """The telephone number to call if no connection can be made."""
    official = meeting.booking.lane.official
    return (official.phone if official else "") or office.row.phone


def over_before(office: OfficeSnapshot, participant: Participant, link: int, now: datetime) -> str:
    """The reason why the link does not open the room, as a sentence; empty if it does."""
    booking, state = participant.meeting.booking, participant.meeting.state
    if participant.revoked_at or participant.link != link:
        return refusal_sentence(room.LinkRevoked())
    if participant.place == Participant.Place.REMOVED:
        return refusal_sentence(room.RemovedFromRoom())
    if state == MeetingState.ENDED:
        return refusal_sentence(room.MeetingOver())
    if booking.state not in LIVE and booking.state != BookingState.NO_SHOW:
        return refusal_sentence(room.MeetingCancelled())
    past = calendar.day_of(now, office.tz) > booking.date
    if past and state == MeetingState.PLANNED:
        return refusal_sentence(room.OtherDay())
    return ""


def waiting_in_words(turn: Turn, meeting: Meeting) -> str:
    """The waiting time in the lobby as a sentence."""
    if meeting.state == MeetingState.RUNNING:
        return _("The official is in the room and will let you in.")
    if turn.place == 1:
        position = _("You are next.")
    else:
        position = _("You are number %(place)s in the queue.") % {"place": turn.place}
    if turn.minutes == 0:
        return position + " " + _("The official will let you in soon.")
    soon = ngettext(
        "The official will let you in, in about %(minutes)s minute.",
        "The official will let you in, in about %(minutes)s minutes.",
        turn.minutes,
    )
    return position + " " + soon % {"minutes": turn.minutes}


def room_names() -> dict[str, str]:
    """Names of the kinds of rooms, for the official's choice."""
    return {
        Room.EMBEDDED: _("Video on this page"),
        Room.JITSI: "Jitsi Meet",
        Room.BIGBLUEBUTTON: "BigBlueButton",
        Room.LINK: _("Another room, by its address"),
        Room.TELEPHONE: _("Telephone"),
    }


def place_in_words(meeting: Meeting, office: OfficeSnapshot, *, is_chair: bool) -> dict[str, str]:
    """The sentence on where the meeting takes place, by kind of room."""
    call = meeting.booking.phone
    if is_chair:
        by_phone = _("The meeting continues by phone. Please call the participants.")
    elif call:
        by_phone = _("The meeting continues by phone. The official will call you.")
    else:
        by_phone = _("The meeting continues by phone. Please call the official.")
    link = _window_sentence(host_of(providers.address_of(meeting, office)))
    return {
        Room.EMBEDDED: _("The video is on this page again."),
        Room.JITSI: _window_sentence(host_of(settings.JITSI_URL)),
        Room.BIGBLUEBUTTON: _window_sentence(host_of(settings.BBB_URL)),
        Room.LINK: link,
        Room.TELEPHONE: by_phone,
    }


def _window_sentence(host: str) -> str:
    """The sentence on another window; names its host, which people will see in the address."""
    if not host:
        return _("The video is in another window. Please open it.")
    text = _("The video is in another window, on %(host)s. Please open it.")
    return text % {"host": host}


def of_script() -> dict[str, str]:
    """Texts of the page's scripts by key; `{name}` stands for a participant."""
    return {
        "came": _("{name} came."),
        "went": _("{name} left."),
        "knocks": _("{name} is waiting in the lobby."),
        "knocks_key": _("{name} is waiting in the lobby. P lets in the first person waiting."),
        "with": _("In the room with you: {names}."),
        "back": _("The connection to {name} has been restored."),
        "you_muted": _("{name} is muted."),
        "devices_work": _("The camera and microphone work."),
        "microphone_is_on": _("Your microphone is on."),
        "microphone_is_off": _("Your microphone is off."),
        "camera_is_on": _("Your camera is on."),
        "camera_is_off": _("Your camera is off."),
        "share_is_on": _("You are sharing your screen."),
        "share_is_off": _("You are no longer sharing your screen."),
        "hand_is_up": _("You have raised your hand."),
        "hand_is_down": _("Your hand is lowered."),
        "hand": _("{name} raised a hand."),
        "lost": _("The connection to {name} was lost; we are trying to restore it."),
        "muted": _("The official has muted you. You can turn the microphone on again."),
        "offline": _("You are not connected. We keep trying to reach the server."),
        "online": _("You are connected again."),
        "no_camera": _("Your camera cannot be used. The others can hear you but not see you."),
        "no_microphone": _("Your microphone cannot be used. You can listen and write."),
        "no_devices": _(
            "Neither the camera nor the microphone can be used. You can listen, watch and write."
        ),
        "denied": _(
            "Allow them in the browser, using the icon next to the address, and try again."
        ),
        "busy": _("Another program may be using them. Close it and try again."),
        "shares": _("{name} is sharing the screen."),
        "me": _("You"),
        "somebody": _("Participant"),
        "chair": _("official"),
        "mute_off": _("Turn off the microphone"),
        "mute_on": _("Turn on the microphone"),
        "camera_off": _("Turn off the camera"),
        "camera_on": _("Turn on the camera"),
        "share_on": _("Share the screen"),
        "share_off": _("Stop sharing"),
        "hand_on": _("Raise your hand"),
        "hand_off": _("Lower your hand"),
        "admit": _("Let in"),
        "mute": _("Mute"),
        "put_back": _("Back to the lobby"),
        "remove": _("Remove from the meeting"),
        "no_way": _(
            "We cannot connect video and sound with {name}. Your network may not allow "
            "it. Please use the phone."
        ),
        "over_ended": _("The meeting has ended. Thank you for coming."),
        "over_removed": refusal_sentence(room.RemovedFromRoom()),
        "over_revoked": refusal_sentence(room.LinkRevoked()),
        "over_taken": _("You continue in another window or on another device."),
        "over_left": _("You have left the meeting."),
        "let_in": _("You are in the room."),
        "again": _("Something went wrong. Please try again."),
        "away_server": _(
            "Somebody could not get into the room: the conferencing server is not "
            "responding. You can move the meeting."
        ),
        "sure_end": _("End the meeting for everyone?"),
        "sure_remove": _("Remove {name}? Their link will no longer work."),
        "camera": _("Camera"),
        "microphone": _("Microphone"),
        "speaker": _("Speaker"),
        "screen_of": _("Screen: {name}"),
        "mic_is_off": _("microphone off"),
        "raised": _("hand raised"),
        "away": _("lost connection"),
        "connecting": _("connecting…"),
    }
