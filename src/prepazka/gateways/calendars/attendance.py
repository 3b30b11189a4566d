"""Whether an event takes its owner's time: its status, the owner's answer, the office's wishes."""

from __future__ import annotations

from dataclasses import dataclass

from prepazka.gateways.calendars.text import Component, Property

BUSY_STATUS = "X-MICROSOFT-CDO-BUSYSTATUS"
THINGS = frozenset({"ROOM", "RESOURCE", "GROUP"})  # attendees that are no people


@dataclass(frozen=True)
class Preferences:
    """What takes time in one calendar, and the addresses under which its owner is invited.

    What is left open takes time unless its owner says otherwise.
    """

    unanswered: bool = True  # invitations that have not been answered
    tentative: bool = True  # invitations and events marked as tentative
    elsewhere: bool = True  # "working elsewhere" of Outlook
    all_day_by_others: bool = True  # events of whole days that somebody else has called
    addresses: frozenset[str] = frozenset()  # in small letters


def takes_time(event: Component, wishes: Preferences, *, all_day: bool) -> bool:
    """Whether the owner is busy by the event; what contradicts itself takes time."""
    shown = event.values(BUSY_STATUS)
    answer = _answer(event, wishes)
    free = (
        event.values("STATUS") == {"CANCELLED"}
        or shown == {"FREE"}
        # Outlook writes both; its own property is the finer one.
        or (event.values("TRANSP") == {"TRANSPARENT"} and not _says_busy(shown))
        or answer == "DECLINED"
        or (not wishes.elsewhere and shown == {"WORKINGELSEWHERE"})
        or (not wishes.unanswered and answer == "NEEDS-ACTION")
        or (not wishes.tentative and _is_tentative(event, shown, answer))
        or (not wishes.all_day_by_others and all_day and _is_by_others(event, wishes))
    )
    return not free


def _says_busy(shown: set[str]) -> bool:
    return bool(shown & {"BUSY", "OOF", "TENTATIVE", "WORKINGELSEWHERE"})


def _is_tentative(event: Component, shown: set[str], answer: str) -> bool:
    return (
        event.values("STATUS") == {"TENTATIVE"} or shown == {"TENTATIVE"} or answer == "TENTATIVE"
    )


def _answer(event: Component, wishes: Preferences) -> str:
    """How the owner has answered; empty where there is no invitation or nobody can tell whose.

    An event with a single person invited was sent to the owner of the calendar, unless the owner
    has called it.
    """
    people = [
        one
        for one in event.all("ATTENDEE")
        if one.parameters.get("CUTYPE", "").upper() not in THINGS
    ]
    own = [one for one in people if _address(one) in wishes.addresses]
    if not own and not _is_by_owner(event, wishes) and len(people) == 1:
        own = people
    answers = {one.parameters.get("PARTSTAT", "NEEDS-ACTION").strip().upper() for one in own}
    return answers.pop() if len(answers) == 1 else ""


def _is_by_owner(event: Component, wishes: Preferences) -> bool:
    return any(_address(one) in wishes.addresses for one in event.all("ORGANIZER"))


def _is_by_others(event: Component, wishes: Preferences) -> bool:
    return bool(wishes.addresses and event.all("ORGANIZER") and not _is_by_owner(event, wishes))


def _address(who: Property) -> str:
    said = who.parameters.get("EMAIL") or who.value
    return said.strip().lower().removeprefix("mailto:")
