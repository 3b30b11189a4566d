"""The audit log: what the staff did on a day, for the head of the office."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from prepazka.accounts.models import User
from prepazka.core import calendar, reading
from prepazka.core.booking_reference import reference_of
from prepazka.core.czech_order import czech_key
from prepazka.offices.models import Membership
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket
from prepazka.reporting.audit_log import MOST, Deed, steps_of_day
from prepazka.web import staff_access
from prepazka.web.shortcuts import now
from prepazka.web.staff_access import staff_only

# Functions, so that texts are translated into the language of the request.
WORDS: dict[str, Callable[[], str]] = {
    "BookingHeld": lambda: _("held a slot"),
    "HoldExtended": lambda: _("extended the hold"),
    "HoldReleased": lambda: _("released the hold"),
    "ConfirmationRequested": lambda: _("asked for the confirmation"),
    "BookingConfirmed": lambda: _("booked"),
    "BookingModeChanged": lambda: _("changed how the meeting is held"),
    "ParticipantInvited": lambda: _("invited somebody to the meeting"),
    "ParticipantRevoked": lambda: _("withdrew an invitation to the meeting"),
    "MeetingMissed": lambda: _("noted that nobody came to the meeting"),
    "MeetingProviderChanged": lambda: _("moved the meeting to another room"),
    "MeetingLate": lambda: _("announced that the meeting starts later"),
    "BookingMoved": lambda: _("moved the booking"),
    "BookingCancelled": lambda: _("cancelled the booking"),
    "BookingArrived": lambda: _("checked the client in"),
    "BookingServed": lambda: _("finished the visit"),
    "BookingNoShow": lambda: _("marked that the client did not come"),
    "BookingReassigned": lambda: _("reassigned the booking to another official"),
    "BookingDisplaced": lambda: _("withdrew the appointment"),
    "BookingRestored": lambda: _("restored the original appointment"),
    "NetworkReleased": lambda: _("released all times held from one network"),
    "PersonExported": lambda: _("gave a person a copy of their data"),
    "PersonCorrected": lambda: _("corrected a person's data on request"),
    "PersonErased": lambda: _("erased a person's data on request"),
    "ContactShown": lambda: _("viewed the name and contact details"),
    "OfficeDisrupted": lambda: _("took back time that was booked"),
    "DisruptionUndone": lambda: _("gave back time that was taken"),
    "OfferMade": lambda: _("offered other times"),
    "OfferChanged": lambda: _("held other slots"),
    "OfferAccepted": lambda: _("booked the chosen time"),
    "OfferDeclined": lambda: _("noted that none of the offered times suits"),
    "OfferWithdrawn": lambda: _("withdrew the offered times"),
    "CalledByPhone": lambda: _("phoned"),
    "CallPutOff": lambda: _("postponed a call until the visit"),
    "TicketIssued": lambda: _("issued a ticket"),
    "TicketCalled": lambda: _("called"),
    "TicketRecalled": lambda: _("called again"),
    "ServingStarted": lambda: _("started serving"),
    "TicketFinished": lambda: _("finished serving"),
    "TicketNoShow": lambda: _("marked that the client did not come"),
    "MissedReturned": lambda: _("put a client who had missed their call back in the queue"),
    "TicketParked": lambda: _("put the ticket aside"),
    "TicketTransferred": lambda: _("sent the ticket on"),
    "TicketCodeReplaced": lambda: _("gave the ticket to the right person"),
    "TicketCancelled": lambda: _("cancelled the ticket"),
    "StepUndone": lambda: _("undid a step"),
    "CounterOpened": lambda: _("opened the counter"),
    "CounterPaused": lambda: _("started a break"),
    "CounterResumed": lambda: _("ended the break"),
    "CounterClosed": lambda: _("closed the counter"),
    "CounterTakenOver": lambda: _("took over a colleague’s counter"),
    "LeftCounterClosed": lambda: _("closed a colleague’s counter"),
    "DevicePaired": lambda: _("connected a device"),
    "CalledTwice": lambda: _("called somebody already called by another counter"),
    "ReloadAsked": lambda: _("reloaded a screen"),
    "TicketsStopped": lambda: _("stopped tickets without a booking"),
    "TicketsOpened": lambda: _("resumed tickets without a booking"),
    "IncidentDeclared": lambda: _("reported that a system is down"),
    "IncidentChanged": lambda: _("corrected the notice about a system that is down"),
    "IncidentEnded": lambda: _("reported that a system works again"),
    "KioskLost": lambda: _("reported a kiosk lost"),
    "PinChanged": lambda: _("gave the booking another PIN"),
    "DeviceRevoked": lambda: _("disconnected a device"),
    "StaffChanged": lambda: _("changed the staff"),
    "PasswordGiven": lambda: _("gave a one-time password"),
    "StaffRenamed": lambda: _("corrected the name of a colleague"),
    "SecondFactorReset": lambda: _("reset the second factor of a colleague"),
    "PeopleListed": lambda: _("viewed a list of clients, or searched for them"),
    "LoggedIn": lambda: _("logged in"),
    "LogInFailed": lambda: _("a wrong password or code was entered for"),
    "LogInDelayed": lambda: _("after several failed log-ins, a delay was set for"),
    "LoggedOut": lambda: _("logged out"),
    "PasswordChanged": lambda: _("changed the password"),
    "SecondFactorSet": lambda: _("set up or removed the second factor"),
    "SecondFactorRequired": lambda: _("changed which roles need a second factor"),
    "RecoveryCodesMade": lambda: _("created recovery codes"),
    "SessionEnded": lambda: _("logged out of another browser"),
    "TokenEnded": lambda: _("ended the keys of programs of"),
    "TokenAllowed": lambda: _("allowed a key of a program of"),
    "TokenMade": lambda: _("an API key was created or revoked for"),
    "DiaryChanged": lambda: _("changed a diary"),
    "OfficialLinked": lambda: _("assigned the diary to a person"),
    "FeedMade": lambda: _("created a calendar address"),
    "FeedRevoked": lambda: _("closed a calendar address"),
    "ListJoined": lambda: _("added somebody to the waiting list"),
    "ListConfirmed": lambda: _("confirmed a waiting list entry"),
    "ListLeft": lambda: _("removed somebody from the waiting list"),
    "QuotaSet": lambda: _("set a quota of bookings"),
    "CrestSet": lambda: _("changed the office's crest"),
    "ColleagueFreed": lambda: _("took a colleague away from a meeting"),
    "MeetingStarted": lambda: _("started a meeting"),
    "MeetingEnded": lambda: _("ended a meeting"),
    "MeetingJoined": lambda: _("joined a meeting"),
    "MeetingAdmitted": lambda: _("let somebody into a meeting"),
    "MeetingPutBack": lambda: _("sent somebody back to the lobby"),
    "MeetingRemoved": lambda: _("removed somebody from a meeting"),
    "MeetingMuted": lambda: _("muted somebody in a meeting"),
    "MeetingLeft": lambda: _("left a meeting"),
    "DocumentAdded": lambda: _("added a document to a meeting"),
    "DocumentRemoved": lambda: _("removed a document from a meeting"),
    "MinutesSaved": lambda: _("wrote the minutes of a meeting"),
    "MinutesClosed": lambda: _("closed the minutes of a meeting"),
    "OfficeLoaded": lambda: _("loaded the office file"),
}
# Events on a colleague's counter; the row names the colleague beside the actor.
OF_A_COLLEAGUE = frozenset({"CounterTakenOver", "LeftCounterClosed"})
# Events of citizens, devices and rules, which never have an actor.
BY_NOBODY = frozenset(
    {
        "AlertAsked",
        "AlertDropped",
        "TurnCalled",
        "TurnNear",
        "NumbersLeased",
        "NumberRefused",
        "OfflineMerged",
        "PinUsedTwice",
        "TicketRenumbered",
        "BookingExpired",
        "BookingWarned",
        "WarningChanged",
        "WarningLifted",
        "CallRequested",
        "DayOfWrongPins",
        "DeviceFault",
        "DeviceMended",
        "DocumentRefused",
        "ListDropped",
        "LogRefused",
        "ListEnded",
        "PlaceWithdrawn",
        "MinutesCommented",
        "MinutesReady",
        "OfferExpired",
        "OfficeCrowded",
        "PersonalDataErased",
        "PinGuardRaised",
        "PinTried",
        "PlaceAccepted",
        "PlaceDeclined",
        "PlaceOffered",
        "PlaceUnanswered",
        "ReminderDue",
        "ReplyNotUnderstood",
        "ReplyAmbiguous",
        "ReplyTooLate",
        "RemindersStopped",
        "SoonReminderDue",
        "TicketPostponed",
        "WhenAsked",
    }
)


@staff_only(*staff_access.HEADS)
@require_GET
def audit_log_page(
    request: HttpRequest, office: OfficeSnapshot, member: Membership
) -> HttpResponse:
    """A day's events of everybody or of one person; all, or only views of contacts."""
    day = _day(request.GET.get("den", "")) or calendar.day_of(now(), office.tz)
    actor = reading.read_whole_number(request.GET.get("kdo"))
    looks_only = "kontakty" in request.GET
    day_deeds = steps_of_day(office, day=day, actor=actor, looks_only=looks_only)
    names = dict(office.row.memberships.values_list("user_id", "name"))
    people = {deed.actor for deed in day_deeds}
    people |= {int(deed.data["user"]) for deed in day_deeds if deed.data.get("user")}
    people |= {deed.data["clerk"] for deed in day_deeds if deed.kind in OF_A_COLLEAGUE}
    removed = people - set(names)
    names |= dict(User.objects.filter(pk__in=removed).values_list("pk", "username"))
    tickets = {deed.data["ticket"] for deed in day_deeds if deed.data.get("ticket")}
    labels = {t.pk: t.label for t in Ticket.objects.filter(office=office.row, pk__in=tickets)}
    return render(
        request,
        "manager/deeds.html",
        {
            "office": office.row,
            "member": member,
            "day": day,
            "actor": actor,
            "looks_only": looks_only,
            "people": sorted(names.items(), key=lambda pair: czech_key(pair[1])),
            "rows": [_row(office, deed, names, labels) for deed in day_deeds],
            "cut": len(day_deeds) == MOST,
        },
    )


def _row(
    office: OfficeSnapshot, deed: Deed, names: dict[int, str], labels: dict[int, str]
) -> dict[str, Any]:
    """A row of the table; names staff, counters and tickets, never the client."""
    official = office.officials.get(deed.data.get("official") or 0)
    subject = (
        labels.get(deed.data.get("ticket") or 0, "")
        or (official.name if official else "")
        or _other_person(deed, names)
    )
    if deed.kind in OF_A_COLLEAGUE:
        colleague = names.get(deed.data["clerk"], "")
        counter_name = str(office.counters[deed.data["counter"]].name)
        subject = ", ".join(name for name in (colleague, counter_name, subject) if name)
    return {
        "at": deed.at,
        "who": names.get(deed.actor, ""),
        "what": WORDS[deed.kind](),
        "reference": reference_of(deed.booking.pk) if deed.booking else "",
        "booking": deed.booking,
        "service": office.services[deed.booking.service_id] if deed.booking else None,
        "other": subject,
    }


def _other_person(deed: Deed, names: dict[int, str]) -> str:
    """The name of the member of staff whom the event concerns, if not the actor."""
    user = deed.data.get("user") or 0
    return "" if user == deed.actor else names.get(user, "")


def _day(text: str) -> date | None:
    return reading.read_day(text)
