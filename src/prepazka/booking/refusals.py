"""Refusals of booking."""

from django.utils.translation import gettext_noop

from prepazka.core.refusal import Refused


class SlotNotOffered(Refused):
    """The slot is outside hours, horizon or rules; search the slots again."""

    code = "term_not_offered"  # as published
    message = gettext_noop(
        "The office does not offer this time. Please choose one of the times shown."
    )


class ModeNotOffered(Refused):
    """Nobody offers this mode at the booking's time; move the booking first."""

    message = gettext_noop(
        "The office does not offer this kind of appointment at this time. Please choose another "
        "time first."
    )


class PhoneNeeded(Refused):
    """A booking by telephone has no number; ask for one and repeat the call with it."""

    message = gettext_noop("Enter the phone number the office should call.")


class ColleagueNotFree(Refused):
    """The official is busy or away during the meeting, or already leads it; invite another one."""

    message = gettext_noop("This colleague is not free at the time of the meeting.")


class SlotTaken(Refused):
    """Another claim took the slot between the search and the lock; search the slots again."""

    code = "term_taken"  # as published
    message = gettext_noop("Somebody else has just booked this time. Please choose another one.")


class TooManyPersons(Refused):
    """The party is larger than the rules of the service allow (`most`); book for fewer people."""

    message = gettext_noop("A booking here can be for at most %(most)s people.")


class HoldExpired(Refused):
    """The hold is past its `expires_at`, or was released; search the slots and hold one again."""

    message = gettext_noop(
        "We held this time for you, but you did not finish in time. Please choose a time again."
    )


class HoldReleased(Refused):
    """The holder released the hold, or staff did; search the slots and hold one again."""

    message = gettext_noop("This time is no longer held for you. Please choose a time again.")


class ContactConfirmed(Refused):
    """The booking is confirmed, so another contact would get what belongs to the first one."""

    message = gettext_noop(
        "This booking is already confirmed. Its contact cannot be changed here; the office can"
        " correct it."
    )


class CannotExtend(Refused):
    """The hold was extended as often as is allowed; only finishing or a new hold remains."""

    message = gettext_noop(
        "We cannot hold this time any longer. Please finish your booking, or choose a time again."
    )


class TooManyHolds(Refused):
    """The network holds as many slots as it may; repeat after `retry_after`, or ask `contact`."""

    message = gettext_noop(
        "Too many bookings are being made from your internet connection. Please try again in "
        "%(minutes)s min, or contact the office: %(contact)s."
    )

    @property
    def retry_after(self) -> int:
        """Seconds after which a repeat makes sense."""
        return int(self.params["minutes"]) * 60


class TooManyBookings(Refused):
    """The contact has `most` live bookings in this area of service; cancel one first."""

    message = gettext_noop(
        "This contact already has the maximum number of appointments here (%(most)s)."
    )


class TooManyUnconfirmed(Refused):
    """Too many bookings of the contact await confirmation; confirm one or let them expire."""

    message = gettext_noop(
        "This contact has several bookings waiting to be confirmed. Open the link in one "
        "of our messages, or wait until they are released."
    )


class ConfirmationTooLate(Refused):
    """The confirmation came after the slot was released; the person has to book again."""

    message = gettext_noop(
        "Your booking was not confirmed in time, so we released the slot. Please book again."
    )


class BookingOver(Refused):
    """The booking has ended or its time has begun, so nothing about it can be changed."""

    message = gettext_noop("This booking is already over, so it cannot be changed.")


class AlreadyArrived(Refused):
    """The client has checked in or was served, so moving or cancelling is too late."""

    message = gettext_noop(
        "You have already checked in at the office, so the booking cannot be changed."
    )


class BookingCancelled(Refused):
    """The booking was cancelled before; there is nothing to do but to book again."""

    message = gettext_noop("This booking has been cancelled.")


class PhoneNotUnderstood(Refused):
    """The text is no valid telephone number; ask for it again."""

    message = gettext_noop("Enter a phone number, like 777 123 456 or +420 777 123 456.")


class PhoneNotMobile(Refused):
    """The number is valid but cannot receive SMS; ask for a mobile number."""

    message = gettext_noop("Enter a mobile number. We cannot send text messages to this number.")


class PhoneOfOtherCountry(PhoneNotMobile):
    """The office sends no SMS to the number's country; ask for an e-mail address instead."""

    message = gettext_noop(
        "We send text messages only to numbers in these countries: %(countries)s. Enter "
        "an e-mail address instead."
    )


class PhoneWithExtension(PhoneNotUnderstood):
    """The number has an extension, which can be neither dialled nor written to; ask without it."""

    message = gettext_noop(
        "Enter the phone number without an extension, such as 777 123 456. We cannot call "
        "or text an extension."
    )


class AddressNotUnderstood(Refused):
    """The text is no valid e-mail address, or is too long; ask for it again."""

    message = gettext_noop("Enter an e-mail address in the correct format, like jana@example.cz.")


class NameWithoutLetter(Refused):
    """The name has no letter to call a person by; ask for it again."""

    message = gettext_noop("The name must include letters.")


class NoWaitingList(Refused):
    """The rules of the service keep no waiting list, so neither join nor offer it."""

    message = gettext_noop("There is no waiting list for this service.")


class AlreadyWaiting(Refused):
    """The contact has a live entry for the service; use its link rather than another entry."""

    message = gettext_noop(
        "You are already on the waiting list. The link is in the message we sent you when "
        "you joined."
    )


class WishNotPossible(Refused):
    """No opening hours match the wished days and times; ask for more of them."""

    message = gettext_noop(
        "The office has no appointments on the days and times you chose. Please choose "
        "more days or times."
    )


class WaitingOver(Refused):
    """The entry has ended, expired unconfirmed, or was replaced by a newer one; join again."""

    message = gettext_noop("This place on the waiting list has ended. You can join the list again.")


class PlaceOver(Refused):
    """The offered slot was let go or has expired; the entry may get another offer."""

    message = gettext_noop("This offer has ended and we no longer hold the time for you.")


class PlaceTaken(Refused):
    """The offer was accepted before, so it cannot be declined; cancel the booking instead."""

    message = gettext_noop("You have already accepted this time.")


class ImpactChanged(Refused):
    """The bookings affected are not those of the token; show the new list before deciding."""

    message = gettext_noop(
        "The list of people has changed in the meantime, so nothing was done. Please "
        "check it again."
    )


class NoSuchLane(Refused):
    """The chosen colleague cannot take the booking, or is no longer free; choose another one."""

    message = gettext_noop(
        "One of the people cannot be reassigned to the colleague you chose. Please check "
        "the list again."
    )


class UndoTooLate(Refused):
    """More than UNDO_WITHIN has passed since the disruption; correct its bookings one by one."""

    message = gettext_noop("This can be undone only within an hour.")


class OfferOver(Refused):
    """The offer of substitute slots was answered or has expired; search the slots instead."""

    message = gettext_noop(
        "We held the offered times for a limited period, which has ended. Please choose "
        "another time."
    )


class OfferedSlotGone(Refused):
    """The chosen substitute slot is no longer held; choose another one of the offer."""

    code = "offer_term_gone"  # as published
    message = gettext_noop("We no longer hold this time for you. Please choose one of the others.")


class NotWaitingForSlot(Refused):
    """The booking is not displaced any more, so it needs no substitute slot."""

    code = "not_waiting_for_term"  # as published
    message = gettext_noop("This person already has a new appointment, or no longer wants one.")


class CallTaken(Refused):
    """A colleague has lately taken this entry of the call list; take another one."""

    message = gettext_noop("A colleague is on the phone with this person now.")


class NoSuchQuota(Refused):
    """The quota is not a whole number from 1 to 62; ask for it again."""

    message = gettext_noop("A quota must be a whole number from 1 to 62.")


class QuotaNeedsReason(Refused):
    """The quota lengthens walk-ins' waits by more than half; give a reason or a smaller quota."""

    message = gettext_noop(
        "People without a booking would wait more than one and a half times as long. Give "
        "a reason, or choose fewer places."
    )


class ReasonWithContact(Refused):
    """The reason holds what looks like personal data; have it rewritten without them."""

    message = gettext_noop("Give the reason without people’s names, numbers or addresses.")
