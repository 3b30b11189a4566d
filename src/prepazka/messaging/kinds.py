"""The kinds of messages, one registration each, in the order of the screens.

A new kind is a registration here, what its own words may speak of (`text_placeholders`), its two
templates, and its Czech texts; its event has `followed_up`. Everything that depends on a message's
kind is looked up here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.translation import gettext_lazy, gettext_noop

from prepazka.booking.call_entries import Outcome
from prepazka.booking.models import Booking, BookingState, CallListEntry
from prepazka.core import events
from prepazka.journal.models import Event
from prepazka.meetings.models import Participant
from prepazka.meetings.participants import all_participants
from prepazka.messaging import contexts, relevance
from prepazka.messaging.kind_parts import Audience, Kind, MailText, PushText, SmsText
from prepazka.messaging.models import Message
from prepazka.messaging.text_placeholders import OF_KINDS


def _is_cancelled_by_office(message: Message) -> bool:
    booking = message.booking
    return booking is not None and booking.state == BookingState.CANCELLED_BY_OFFICE


def _always_needs_call(_event: Event, _booking: Booking) -> bool:
    return True  # only the office makes this change


def _was_called(_event: Event, booking: Booking) -> bool:
    """Whether the person was called; others need not learn of the undoing of the change."""
    calls = CallListEntry.objects.filter(booking=booking).exclude(closed_at=None)
    return calls.exclude(outcome=Outcome.WITHDRAWN).exists()


def _is_on_the_way(_event: Event, booking: Booking) -> bool:
    """Whether the person is not in the hall, where displays show the incident."""
    return not contexts.is_in_hall(booking)


def _chair(booking: Booking) -> list[Participant]:
    return list(Participant.objects.filter(meeting__booking=booking, role="chair"))


REGISTERED: tuple[Kind, ...] = (
    # Of bookings.
    Kind(
        code="confirm",
        label=gettext_lazy("Request to confirm"),
        audience=Audience.BOOKER,
        events=(events.ConfirmationRequested,),
        is_relevant=relevance.is_unconfirmed,
        mail=MailText(subject=gettext_noop("Please confirm your booking"), attachment=""),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: confirm your booking for %(when)s by %(until)s by the button at %(url)s"
            )
        ),
        own_texts=OF_KINDS["confirm"],
        restarts_deadline=True,
        sample_state=BookingState.UNCONFIRMED,
    ),
    Kind(
        code="confirmed",
        label=gettext_lazy("Confirmed booking"),
        audience=Audience.BOOKER,
        events=(events.BookingConfirmed,),
        is_relevant=relevance.is_expected,
        mail=MailText(subject=gettext_noop("Your booking is confirmed")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: booked for %(when)s. PIN %(pin)s. Change or cancel: %(url)s"
            )
        ),
        own_texts=OF_KINDS["confirmed"],
    ),
    Kind(
        code="moved",
        label=gettext_lazy("Moved booking"),
        audience=Audience.BOOKER,
        events=(
            events.BookingMoved,
            events.OfferAccepted,
        ),
        is_relevant=relevance.is_unchanged,
        mail=MailText(subject=gettext_noop("Your appointment has been moved")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: new time %(when)s. PIN %(pin)s. Change or cancel: %(url)s"
            )
        ),
        own_texts=OF_KINDS["moved"],
    ),
    Kind(
        code="reminder",
        label=gettext_lazy("Reminder the day before"),
        audience=Audience.BOOKER,
        events=(events.ReminderDue,),
        is_relevant=relevance.is_reminder_due,
        mail=MailText(subject=gettext_noop("Reminder of your booking")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: appointment %(when)s. PIN %(pin)s. If you cannot come, cancel: %(cancel)s"
            )
        ),
        own_texts=OF_KINDS["reminder"],
        waits_for_day=True,
        can_be_stopped=True,
    ),
    Kind(
        code="reminder_soon",
        label=gettext_lazy("Reminder two hours before"),
        audience=Audience.BOOKER,
        events=(events.SoonReminderDue,),
        is_relevant=relevance.is_reminder_due,
        mail=MailText(subject=gettext_noop("Your appointment is today")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: appointment %(when)s. PIN %(pin)s. If you cannot come, cancel: %(cancel)s"
            )
        ),
        own_texts=OF_KINDS["reminder_soon"],
        waits_for_day=True,
        can_be_stopped=True,
    ),
    Kind(
        code="cancelled",
        label=gettext_lazy("Cancelled by the client"),
        audience=Audience.BOOKER,
        events=(events.BookingCancelled,),
        is_relevant=relevance.is_unchanged,
        mail=MailText(subject=gettext_noop("Your booking has been cancelled")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: your booking for %(when)s is cancelled. Book again: %(url)s"
            ),
            with_reason=True,
        ),
        own_texts=OF_KINDS["cancelled"],
        sample_state=BookingState.CANCELLED_BY_CITIZEN,
    ),
    Kind(
        code="cancelled_by_office",
        label=gettext_lazy("Cancelled by the office"),
        audience=Audience.BOOKER,
        is_relevant=relevance.is_unchanged,
        mail=MailText(
            subject=gettext_noop("Your booking has been cancelled"), template="cancelled"
        ),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: sorry, we had to cancel your appointment %(when)s. Book again: %(url)s"
            ),
            with_reason=True,
        ),
        own_texts=OF_KINDS["cancelled_by_office"],
        variant_of="cancelled",
        applies=_is_cancelled_by_office,
        sample_state=BookingState.CANCELLED_BY_OFFICE,
    ),
    # Answers to replies.
    Kind(
        code="when",
        label=gettext_lazy("Reply to KDY"),
        audience=Audience.BOOKER,
        events=(events.WhenAsked,),
        is_relevant=relevance.is_unchanged,
        mail=MailText(subject=gettext_noop("When your appointment is")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: your appointment is %(when)s. Change or cancel: %(url)s"
            )
        ),
        own_texts=OF_KINDS["when"],
    ),
    Kind(
        code="reply_help",
        label=gettext_lazy("Help with replies"),
        audience=Audience.BOOKER,
        events=(events.ReplyNotUnderstood,),
        is_relevant=relevance.is_unchanged,
        mail=MailText(subject=gettext_noop("We did not understand your message")),
        sms=SmsText(
            usual=gettext_noop(
                "We did not understand. Reply ANO (confirm), STORNO (cancel), KDY (when), or see %(url)s"
            )
        ),
        own_texts=OF_KINDS["reply_help"],
    ),
    Kind(
        code="reply_which",
        label=gettext_lazy("A reply that matches several bookings"),
        audience=Audience.BOOKER,
        events=(events.ReplyAmbiguous,),
        is_relevant=relevance.always,
        mail=MailText(subject=gettext_noop("Which booking do you mean?")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: which one do you mean? %(terms)s. Reply with its number."
            ),
            values=contexts.sms_booking_choices,
        ),
        own_texts=OF_KINDS["reply_which"],
        sample_slots=3,
    ),
    Kind(
        code="reply_over",
        label=gettext_lazy("A reply that came too late"),
        audience=Audience.BOOKER,
        events=(events.ReplyTooLate,),
        is_relevant=relevance.is_over,
        mail=MailText(subject=gettext_noop("Your booking is no longer valid")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: your booking for %(when)s is no longer valid. Book again: %(url)s"
            )
        ),
        own_texts=OF_KINDS["reply_over"],
    ),
    Kind(
        code="reminders_off",
        label=gettext_lazy("No more reminders"),
        audience=Audience.BOOKER,
        events=(events.RemindersStopped,),
        is_relevant=relevance.always,
        mail=MailText(subject=gettext_noop("We will send you no more reminders")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: we will send no more reminders to this number. Your booking stays: %(url)s"
            )
        ),
        own_texts=OF_KINDS["reminders_off"],
    ),
    # Of time taken back.
    Kind(
        code="displaced",
        label=gettext_lazy("Appointment withdrawn"),
        audience=Audience.BOOKER,
        is_relevant=relevance.is_unchanged,
        own_texts=OF_KINDS["displaced"],
        is_retired=True,
        sample_state=BookingState.DISPLACED,
    ),
    Kind(
        code="offer",
        label=gettext_lazy("Offer of other times"),
        audience=Audience.BOOKER,
        events=(events.OfferMade,),
        is_relevant=relevance.is_offer_open,
        mail=MailText(
            subject=gettext_noop("Your appointment is cancelled, please choose another time")
        ),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: your time %(start)s (%(matter)s) is off. Others: %(starts)s. Reply 1-3, NO, or"
                " %(url)s"
            ),
            briefer=gettext_noop(
                "Time %(start)s (%(matter)s) is off. %(starts)s. Reply 1-3, NO, or %(url)s"
            ),
            with_reason=True,
            more_parts=1,
        ),
        own_texts=OF_KINDS["offer"],
        sample_slots=3,
    ),
    Kind(
        code="offer_withdrawn",
        label=gettext_lazy("Withdrawn offer"),
        audience=Audience.BOOKER,
        is_relevant=relevance.is_unchanged,
        own_texts=OF_KINDS["offer_withdrawn"],
        is_retired=True,
    ),
    Kind(
        code="reassigned",
        label=gettext_lazy("Another official or counter"),
        audience=Audience.BOOKER,
        events=(events.BookingReassigned,),
        is_relevant=relevance.is_unchanged,
        mail=MailText(subject=gettext_noop("Same time, different official")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: same time %(when)s, different official. PIN %(pin)s. %(url)s"
            )
        ),
        own_texts=OF_KINDS["reassigned"],
        needs_call=_always_needs_call,
    ),
    Kind(
        code="pin_changed",
        label=gettext_lazy("Another PIN, because a kiosk was lost"),
        audience=Audience.BOOKER,
        events=(events.PinChanged,),
        is_relevant=relevance.is_expected,
        mail=MailText(subject=gettext_noop("Your PIN has changed")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: your PIN has changed. For %(when)s it is now %(pin)s. %(url)s"
            )
        ),
        own_texts=OF_KINDS["pin_changed"],
    ),
    Kind(
        code="restored",
        label=gettext_lazy("Appointment restored"),
        audience=Audience.BOOKER,
        events=(events.BookingRestored,),
        is_relevant=relevance.is_informed_of_change,
        mail=MailText(subject=gettext_noop("Your original appointment is valid again")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: your appointment %(when)s is valid again. PIN %(pin)s. %(url)s"
            )
        ),
        own_texts=OF_KINDS["restored"],
        needs_call=_was_called,
    ),
    # Of incidents.
    Kind(
        code="incident",
        label=gettext_lazy("System needed for the visit is down"),
        audience=Audience.BOOKER,
        events=(events.BookingWarned,),
        is_relevant=relevance.is_incident_open,
        mail=MailText(subject=gettext_noop("We cannot deal with your request at the moment")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: not working: %(system)s. Come %(when)s as booked, or change it: %(url)s"
            ),
            values=contexts.sms_incident_values,
        ),
        own_texts=OF_KINDS["incident"],
        needs_call=_is_on_the_way,
        context=contexts.incident_details,
    ),
    Kind(
        code="incident_moved",
        label=gettext_lazy("System needed for the visit will work at another time"),
        audience=Audience.BOOKER,
        events=(events.WarningChanged,),
        is_relevant=relevance.is_incident_moved,
        mail=MailText(subject=gettext_noop("The expected time has changed")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: %(system)s. %(expected)s Your time %(when)s is valid. %(url)s"
            ),
            briefer=gettext_noop("%(system)s. %(expected)s %(url)s"),
            values=contexts.sms_incident_values,
        ),
        own_texts=OF_KINDS["incident_moved"],
        context=contexts.incident_details,
    ),
    Kind(
        code="incident_over",
        label=gettext_lazy("System needed for the visit works again"),
        audience=Audience.BOOKER,
        events=(events.WarningLifted,),
        is_relevant=relevance.is_incident_over,
        mail=MailText(subject=gettext_noop("We can deal with your request again")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: works again: %(system)s. Please come as booked, %(when)s. %(url)s"
            ),
            values=contexts.sms_incident_values,
        ),
        own_texts=OF_KINDS["incident_over"],
        context=contexts.incident_details,
    ),
    # Of meetings, to the person who booked.
    Kind(
        code="mode_changed",
        label=gettext_lazy("Way of meeting changed"),
        audience=Audience.BOOKER,
        events=(events.BookingModeChanged,),
        is_relevant=relevance.is_unchanged,
        mail=MailText(subject=gettext_noop("Same time, but a different kind of meeting")),
        sms=SmsText(usual=gettext_noop("%(office)s: same time %(when)s, now %(how)s. %(url)s")),
        own_texts=OF_KINDS["mode_changed"],
    ),
    Kind(
        code="late",
        label=gettext_lazy("The official is late"),
        audience=Audience.BOOKER,
        events=(events.MeetingLate,),
        is_relevant=relevance.is_expected,
        mail=MailText(subject=gettext_noop("Your meeting will start a little later")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: your meeting will start about %(minutes)s min later. %(url)s"
            )
        ),
        own_texts=OF_KINDS["late"],
    ),
    Kind(
        code="room_changed",
        label=gettext_lazy("A meeting by video has moved"),
        audience=Audience.BOOKER,
        events=(events.MeetingProviderChanged,),
        is_relevant=relevance.is_room_unseen,
        mail=MailText(subject=gettext_noop("Your video meeting has moved")),
        sms=SmsText(usual=gettext_noop("%(office)s: meeting %(when)s %(join)s. %(url)s")),
        own_texts=OF_KINDS["room_changed"],
        context=contexts.room_details,
    ),
    Kind(
        code="missed",
        label=gettext_lazy("Nobody came to the meeting"),
        audience=Audience.BOOKER,
        events=(events.MeetingMissed,),
        is_relevant=relevance.is_missed,
        mail=MailText(subject=gettext_noop("You missed your appointment")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: you missed your appointment %(when)s. Book again: %(url)s"
            )
        ),
        own_texts=OF_KINDS["missed"],
        sample_state=BookingState.NO_SHOW,
    ),
    # Of the waiting list.
    Kind(
        code="on_list",
        label=gettext_lazy("Waiting list entry"),
        audience=Audience.WAITING,
        events=(events.ListJoined,),
        is_relevant=relevance.is_entry_open,
        mail=MailText(
            subject=gettext_noop("Please confirm that you want to join the waiting list")
        ),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: waiting list. Confirm that you want to wait, or leave: %(url)s"
            )
        ),
        own_texts=OF_KINDS["on_list"],
    ),
    Kind(
        code="place",
        label=gettext_lazy("Free time from the waiting list"),
        audience=Audience.WAITING,
        events=(events.PlaceOffered,),
        is_relevant=relevance.is_offer_open,
        mail=MailText(subject=gettext_noop("There is a free appointment for you")),
        sms=SmsText(
            usual=gettext_noop("%(office)s: free time: %(terms)s. Accept by %(until)s: %(url)s"),
            with_matter=gettext_noop(
                "%(office)s: %(matter)s, free: %(terms)s. Accept by %(until)s: %(url)s"
            ),
        ),
        own_texts=OF_KINDS["place"],
        waits_for_day=True,
        sample_slots=1,
    ),
    Kind(
        code="wait_ended",
        label=gettext_lazy("Wait ended by the office"),
        audience=Audience.WAITING,
        events=(events.ListEnded,),
        is_relevant=relevance.always,
        mail=MailText(subject=gettext_noop("The office no longer offers what you are waiting for")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: we no longer offer what you are waiting for, so your wait has ended. %(url)s"
            )
        ),
        own_texts=OF_KINDS["wait_ended"],
        waits_for_day=True,
        needs_call=_always_needs_call,
    ),
    Kind(
        code="dropped",
        label=gettext_lazy("Removed from the waiting list"),
        audience=Audience.WAITING,
        events=(events.ListDropped,),
        is_relevant=relevance.always,
        mail=MailText(subject=gettext_noop("You are no longer on the waiting list")),
        sms=SmsText(
            usual=gettext_noop(
                "%(office)s: taken off the waiting list after 3 unanswered offers. Join again: %(url)s"
            )
        ),
        own_texts=OF_KINDS["dropped"],
        waits_for_day=True,
    ),
    # Of tickets.
    Kind(
        code="turn_near",
        label=gettext_lazy("A ticket's turn is near"),
        audience=Audience.TICKET_HOLDER,
        events=(events.TurnNear,),
        is_relevant=relevance.is_turn_near,
        mail=MailText(subject=gettext_noop("Your turn is near")),
        sms=SmsText(
            usual=gettext_noop("%(office)s: number %(number)s will soon be called. %(url)s")
        ),
        push=PushText(
            body=gettext_noop("Number %(number)s will be called soon. Please be near."), lasts_s=600
        ),
        own_texts=OF_KINDS["turn_near"],
    ),
    Kind(
        code="turn_called",
        label=gettext_lazy("The ticket is called"),
        audience=Audience.TICKET_HOLDER,
        events=(events.TurnCalled,),
        is_relevant=relevance.is_turn_called,
        mail=MailText(subject=gettext_noop("It is your turn")),
        sms=SmsText(
            usual=gettext_noop("%(office)s: number %(number)s, come to counter %(counter)s now.")
        ),
        push=PushText(
            body=gettext_noop("Number %(number)s: please come to counter %(counter)s now."),
            lasts_s=120,
        ),
        own_texts=OF_KINDS["turn_called"],
    ),
    # Of meetings, to the other participants.
    Kind(
        code="invited",
        label=gettext_lazy("Invitation to a meeting"),
        audience=Audience.PARTICIPANTS,
        events=(events.ParticipantInvited,),
        is_relevant=relevance.is_meeting_ahead,
        mail=MailText(
            subject=gettext_noop("Invitation to a video meeting"),
            template="meeting",
            sentence=gettext_noop("you are invited to a video meeting with the office."),
            entrance="room",
        ),
    ),
    Kind(
        code="uninvited",
        label=gettext_lazy("Invitation withdrawn"),
        audience=Audience.PARTICIPANTS,
        events=(events.ParticipantRevoked,),
        is_relevant=relevance.is_uninvited,
        mail=MailText(
            subject=gettext_noop("You do not need to come to the video meeting"),
            template="meeting",
            sentence=gettext_noop(
                "your invitation to this meeting has been withdrawn. The link no longer works."
            ),
        ),
    ),
    Kind(
        code="meeting_moved",
        label=gettext_lazy("A meeting was changed"),
        audience=Audience.PARTICIPANTS,
        events=(
            events.BookingMoved,
            events.OfferAccepted,
            events.BookingReassigned,
            events.BookingRestored,
        ),
        is_relevant=relevance.is_meeting_unchanged,
        mail=MailText(
            subject=gettext_noop("The video meeting has changed"),
            template="meeting",
            sentence=gettext_noop("the meeting has changed. These are the new details."),
            entrance="room",
        ),
    ),
    Kind(
        code="meeting_cancelled",
        label=gettext_lazy("A meeting was cancelled"),
        audience=Audience.PARTICIPANTS,
        events=(
            events.BookingCancelled,
            events.BookingDisplaced,
        ),
        is_relevant=relevance.is_meeting_unchanged,
        mail=MailText(
            subject=gettext_noop("The video meeting will not take place"),
            template="meeting",
            sentence=gettext_noop("the meeting you were invited to will not take place."),
        ),
    ),
    Kind(
        code="meeting_mode",
        label=gettext_lazy("A meeting is held in another way"),
        audience=Audience.PARTICIPANTS,
        events=(events.BookingModeChanged,),
        is_relevant=relevance.is_meeting_unchanged,
        mail=MailText(
            subject=gettext_noop("The meeting will be held in a different way"),
            template="meeting",
            sentence=gettext_noop(
                "the meeting you were invited to stays at the same time and will be held like this:"
            ),
            entrance="room",
        ),
    ),
    Kind(
        code="meeting_reminder",
        label=gettext_lazy("Reminder of a meeting"),
        audience=Audience.PARTICIPANTS,
        events=(
            events.ReminderDue,
            events.SoonReminderDue,
        ),
        is_relevant=relevance.is_meeting_reminder_due,
        mail=MailText(
            subject=gettext_noop("Reminder of the video meeting"),
            template="meeting",
            sentence=gettext_noop("you have a video meeting."),
            entrance="room",
        ),
    ),
    Kind(
        code="meeting_late",
        label=gettext_lazy("A meeting starts later"),
        audience=Audience.PARTICIPANTS,
        events=(events.MeetingLate,),
        is_relevant=relevance.is_meeting_ahead,
        mail=MailText(
            subject=gettext_noop("The video meeting will start a little later"),
            template="meeting",
            sentence=gettext_noop("the official is still busy. Your link stays the same."),
            entrance="room",
            announces_delay=True,
        ),
    ),
    Kind(
        code="meeting_room",
        label=gettext_lazy("A meeting by video has moved, to those invited"),
        audience=Audience.PARTICIPANTS,
        events=(events.MeetingProviderChanged,),
        is_relevant=relevance.is_room_unseen,
        mail=MailText(
            subject=gettext_noop("The video meeting has moved"),
            template="meeting",
            sentence=gettext_noop(
                "the meeting is not where it was planned. This is how to join it now."
            ),
            entrance="join",
        ),
        context=contexts.participant_room_details,
    ),
    Kind(
        code="meeting_colleague",
        label=gettext_lazy("A colleague cannot come, to the official"),
        audience=Audience.PARTICIPANTS,
        events=(events.ColleagueFreed,),
        is_relevant=relevance.is_meeting_ahead,
        mail=MailText(
            subject=gettext_noop("A colleague cannot come to the video meeting"),
            template="meeting",
            sentence=gettext_noop(
                "a colleague you invited to the meeting will be away. The meeting itself does "
                "not change."
            ),
            entrance="room",
        ),
        context=contexts.colleague_details,
        recipients=_chair,
    ),
    Kind(
        code="meeting_minutes",
        label=gettext_lazy("Minutes of a meeting"),
        audience=Audience.PARTICIPANTS,
        events=(events.MinutesReady,),
        is_relevant=relevance.is_invited,
        mail=MailText(
            subject=gettext_noop("Minutes of the video meeting"),
            template="meeting",
            sentence=gettext_noop(
                "the official has closed the minutes of the meeting. They are attached."
            ),
            attachment="minutes",
        ),
        recipients=all_participants,
    ),
)


def by_code(kinds: Iterable[Kind]) -> dict[str, Kind]:
    """The kinds by their codes. Raises ValueError for two of one code."""
    registered: dict[str, Kind] = {}
    for kind in kinds:
        if kind.code in registered:
            raise ValueError(f"there are two kinds of messages {kind.code}")
        registered[kind.code] = kind
    return registered


def by_event(kinds: Iterable[Kind]) -> dict[str, Kind]:
    """The kinds by the names of their events. Raises ValueError for two of one event."""
    caused: dict[str, Kind] = {}
    for kind in kinds:
        for event in kind.events:
            if event.__name__ in caused:
                raise ValueError(f"{event.__name__} causes two kinds of messages to one person")
            caused[event.__name__] = kind
    return caused


KINDS: Mapping[str, Kind] = by_code(REGISTERED)
# By the name of the event; one event may cause a message to the person and to participants.
TO_PERSON = by_event(k for k in REGISTERED if k.audience is not Audience.PARTICIPANTS)
TO_PARTICIPANTS = by_event(k for k in REGISTERED if k.audience is Audience.PARTICIPANTS)
# Kinds under which messages are stored.
STORED = {code: kind for code, kind in KINDS.items() if not kind.variant_of}
WITH_OWN_TEXTS = {code: KINDS[code] for code in OF_KINDS}
RESTARTING = [code for code, kind in KINDS.items() if kind.restarts_deadline]


def kind_of_texts(message: Message) -> Kind:
    """The kind whose texts the message has: its own, or a variant that applies to it."""
    variants = (
        kind
        for kind in REGISTERED
        if kind.variant_of == message.kind and kind.applies and kind.applies(message)
    )
    return next(variants, KINDS[message.kind])


def label_of(code: str) -> str:
    """The name of a stored kind for the staff; the code itself if it is not registered."""
    return str(KINDS[code].label) if code in KINDS else code
