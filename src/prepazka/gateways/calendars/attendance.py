"""Whether an event blocks its owner's time, by its status, the owner's answer and preferences."""

from __future__ import annotations

from dataclasses import dataclass

from prepazka.gateways.calendars.ical_parser import Component, Property

BUSY_STATUS = "X-MICROSOFT-CDO-BUSYSTATUS"
THINGS = frozenset({"ROOM", "RESOURCE", "GROUP"})  # attendees that are not people


@dataclass(frozen=True)
class Preferences:
    """Which events of a calendar block time, and the addresses under which its owner is invited.

    By default all doubtful kinds of events block time.
    """

    unanswered: bool = True  # invitations that have not been answered
    tentative: bool = True  # invitations and events marked as tentative
    elsewhere: bool = True  # "working elsewhere" of Outlook
    all_day_by_others: bool = True  # all-day events organised by somebody else
    addresses: frozenset[str] = frozenset()  # in lower case


def takes_time(event: Component, wishes: Preferences, *, all_day: bool) -> bool:
    """Whether the event makes the owner busy; contradictory properties count as busy."""
    busy_status = event.values(BUSY_STATUS)
    answer = _owners_answer(event, wishes)
    free = (
        event.values("STATUS") == {"CANCELLED"}
        or busy_status == {"FREE"}
        # Outlook writes both; its own property is more specific.
        or (event.values("TRANSP") == {"TRANSPARENT"} and not _says_busy(busy_status))
        or answer == "DECLINED"
        or (not wishes.elsewhere and busy_status == {"WORKINGELSEWHERE"})
        or (not wishes.unanswered and answer == "NEEDS-ACTION")
        or (not wishes.tentative and _is_tentative(event, busy_status, answer))
        or (not wishes.all_day_by_others and all_day and _is_by_others(event, wishes))
    )
    return not free


def _says_busy(busy_status: set[str]) -> bool:
    return bool(busy_status & {"BUSY", "OOF", "TENTATIVE", "WORKINGELSEWHERE"})


def _is_tentative(event: Component, busy_status: set[str], answer: str) -> bool:
    return (
        event.values("STATUS") == {"TENTATIVE"}
        or busy_status == {"TENTATIVE"}
        or answer == "TENTATIVE"
    )


def _owners_answer(event: Component, wishes: Preferences) -> str:
    """The owner's PARTSTAT; empty if there is no invitation or the owner cannot be identified.

    The only person invited is the calendar's owner, unless the owner organises the event.
    """
    people = [
        attendee
        for attendee in event.all("ATTENDEE")
        if attendee.parameters.get("CUTYPE", "").upper() not in THINGS
    ]
    owners = [attendee for attendee in people if _address(attendee) in wishes.addresses]
    if not owners and not _is_by_owner(event, wishes) and len(people) == 1:
        owners = people
    answers = {
        attendee.parameters.get("PARTSTAT", "NEEDS-ACTION").strip().upper() for attendee in owners
    }
    return answers.pop() if len(answers) == 1 else ""


def _is_by_owner(event: Component, wishes: Preferences) -> bool:
    return any(_address(organizer) in wishes.addresses for organizer in event.all("ORGANIZER"))


def _is_by_others(event: Component, wishes: Preferences) -> bool:
    return bool(wishes.addresses and event.all("ORGANIZER") and not _is_by_owner(event, wishes))


def _address(person: Property) -> str:
    address = person.parameters.get("EMAIL") or person.value
    return address.strip().lower().removeprefix("mailto:")
