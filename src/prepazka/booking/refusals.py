"""What booking must sometimes refuse; each docstring is the sentence the person reads."""

from prepazka.core.refusal import Refused


class TermNotOffered(Refused):
    """The office does not offer this term. Please choose one of those offered."""


class ModeNotOffered(Refused):
    """At this time the office does not meet people in this way. Please choose another term first."""


class PhoneNeeded(Refused):
    """Enter the telephone number at which the office will call you."""


class ColleagueNotFree(Refused):
    """This colleague is not free at the time of the meeting."""


class TermTaken(Refused):
    """Somebody else has just taken this term. Please choose another one."""


class TooManyPersons(Refused):
    """At most %(most)s persons can come in one booking here."""


class HoldExpired(Refused):
    """We kept the term for you, but its time has run out. Please choose a term again."""


class CannotExtend(Refused):
    """The hold cannot be extended any more. Please finish the booking, or choose a term again."""


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
    """The time for confirming has passed and the term was released. Please book again."""


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
    """The office never has a term in the days and times that you chose. Please choose more."""


class WaitingOver(Refused):
    """This place on the waiting list has ended. You can join the list again."""


class PlaceOver(Refused):
    """This offer has ended, and the term is kept for you no longer."""


class PlaceTaken(Refused):
    """You have already accepted this term."""


class ImpactChanged(Refused):
    """The list of people has changed meanwhile. Please look at it again; nothing was done."""


class NoSuchLane(Refused):
    """One of the people cannot be given to the colleague you chose. Please look again."""


class UndoTooLate(Refused):
    """This can be taken back within an hour only."""


class OfferOver(Refused):
    """The offered terms were kept for a limited time, which is over. Please choose another term."""


class OfferTermGone(Refused):
    """This term is not kept for you any more. Please choose one of the others."""


class NotWaitingForTerm(Refused):
    """The person has a term already, or does not want one any more."""


class CallTaken(Refused):
    """A colleague is telephoning to this person just now."""


class NoSuchQuota(Refused):
    """A quota is a whole number from 1 to 62."""


class QuotaNeedsReason(Refused):
    """People without a booking would wait more than one and a half times as long. Write why it must be so, or choose fewer places."""


class ReasonWithContact(Refused):
    """Write the reason without names, numbers and addresses of people."""
