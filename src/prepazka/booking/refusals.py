"""What booking must sometimes refuse; each docstring is the sentence the person reads."""

from prepazka.core.refusal import Refused


class TermNotOffered(Refused):
    """The office does not offer this time. Please choose one of the times shown."""


class ModeNotOffered(Refused):
    """The office does not offer this kind of appointment at this time. Please choose another time first."""


class PhoneNeeded(Refused):
    """Enter the telephone number at which the office will call you."""


class ColleagueNotFree(Refused):
    """This colleague is not free at the time of the meeting."""


class TermTaken(Refused):
    """Somebody else has just booked this time. Please choose another one."""


class TooManyPersons(Refused):
    """At most %(most)s persons can come in one booking here."""


class HoldExpired(Refused):
    """We held this time for you, but you did not finish in time. Please choose a time again."""


class CannotExtend(Refused):
    """We cannot hold this time any longer. Please finish your booking, or choose a time again."""


class TooManyHolds(Refused):
    """Too many bookings are being made from your internet connection. Please try again in %(minutes)s min, or contact the office: %(contact)s."""

    @property
    def retry_after(self) -> int:
        """Seconds after which a repeat makes sense."""
        return int(self.params["minutes"]) * 60


class TooManyBookings(Refused):
    """This contact already has as many appointments here as it may have (%(most)s)."""


class TooManyUnconfirmed(Refused):
    """Several bookings of this contact wait for their confirmation. Open the link in one of our messages, or wait until they are released."""


class ConfirmationTooLate(Refused):
    """Your booking was not confirmed in time, so we released the slot. Please book again."""


class BookingOver(Refused):
    """This booking is already over, so it cannot be changed."""


class AlreadyArrived(Refused):
    """You have already been registered at the office, so the booking cannot be changed."""


class BookingCancelled(Refused):
    """This booking has been cancelled."""


class PhoneNotUnderstood(Refused):
    """Enter the telephone number in a form such as 777 123 456 or +420 777 123 456."""


class PhoneNotMobile(Refused):
    """Enter a mobile number; we cannot send a message to this one."""


class PhoneOfOtherCountry(PhoneNotMobile):
    """We send short messages only to numbers of these countries: %(countries)s. Enter an e-mail address instead."""


class PhoneWithExtension(PhoneNotUnderstood):
    """Enter the telephone number without an extension, such as 777 123 456; we cannot dial or write to an extension."""


class AddressNotUnderstood(Refused):
    """Enter the e-mail address in a form such as jana@example.cz."""


class NameWithoutLetter(Refused):
    """Enter the name in letters."""


class NoWaitingList(Refused):
    """There is no waiting list for this service."""


class AlreadyWaiting(Refused):
    """You are on the waiting list already; the link is in the message that we sent you then."""


class WishNotPossible(Refused):
    """The office has no appointments on the days and times that you chose. Please choose more of them."""


class WaitingOver(Refused):
    """This place on the waiting list has ended. You can join the list again."""


class PlaceOver(Refused):
    """This offer has ended and we no longer hold the time for you."""


class PlaceTaken(Refused):
    """You have already accepted this time."""


class ImpactChanged(Refused):
    """The list of people has changed meanwhile. Please look at it again; nothing was done."""


class NoSuchLane(Refused):
    """One of the people cannot be given to the colleague you chose. Please look again."""


class UndoTooLate(Refused):
    """This can be taken back within an hour only."""


class OfferOver(Refused):
    """We held the offered times for a limited period, which is over. Please choose another time."""


class OfferTermGone(Refused):
    """We no longer hold this time for you. Please choose one of the others."""


class NotWaitingForTerm(Refused):
    """This person already has a new appointment, or does not want one any more."""


class CallTaken(Refused):
    """A colleague is telephoning to this person just now."""


class NoSuchQuota(Refused):
    """A quota is a whole number from 1 to 62."""


class QuotaNeedsReason(Refused):
    """People without a booking would wait more than one and a half times as long. Write why it must be so, or choose fewer places."""


class ReasonWithContact(Refused):
    """Write the reason without names, numbers and addresses of people."""
