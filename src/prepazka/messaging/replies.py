"""Processing of received short messages, each once, and only for bookings of its number."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from prepazka.booking import offers, waiting_list_offers
from prepazka.booking.booking_lifecycle import cancel_booking, confirm_booking
from prepazka.booking.contacts import contact_hash
from prepazka.booking.models import OPEN, Booking, BookingState, Offer, OfferState
from prepazka.core import events
from prepazka.core.refusal import Refused
from prepazka.core.reply_parsing import ParsedReply, parse_reply
from prepazka.journal.models import Event
from prepazka.journal.record import record
from prepazka.messaging.channels import mobile_of
from prepazka.messaging.message_types import Incoming
from prepazka.messaging.models import Message, Reply
from prepazka.offices.models import Office

TWICE_WITHIN = timedelta(minutes=10)  # the same text within this time counts once if it has no id
HELP_ONCE_PER = timedelta(hours=1)
KEEP = timedelta(days=30)
KEEP_STOP = timedelta(days=365)
ASKED_WITHIN = timedelta(days=1)
MOST_NUMBERED = 4  # bookings in one short message
NO_LONGER = {
    BookingState.EXPIRED,
    BookingState.CANCELLED_BY_CITIZEN,
    BookingState.CANCELLED_BY_OFFICE,
}


@transaction.atomic
def handle_reply(incoming: Incoming, *, gateway: str, now: datetime) -> str:
    """Do what the message asks for; returns the word understood, or an empty string for none.

    A number without a future booking gets no answer, so that strangers cannot make us pay for SMS.
    """
    number = mobile_of(incoming.number)
    reply = parse_reply(incoming.text)
    identity = incoming.id or f"{number}|{incoming.text}|{_window_number(now, TWICE_WITHIN)}"
    if not number or not _is_first_time(f"{gateway}|{identity}", reply.word, now):
        return ""
    contact = contact_hash(number)
    offer = _open_offer(contact, now)
    bookings = _bookings(contact, now)
    booking = bookings[0] if bookings else None
    if offer is None and booking is None:
        return reply.word if _answer_late(contact, reply, now) else ""
    if booking:
        Reply.objects.filter(key=_key(f"{gateway}|{identity}")).update(booking=booking)
    try:
        with transaction.atomic():
            is_done = bool(offer and _answer_offer(offer, reply, now)) or _act_on_bookings(
                bookings, contact, reply, now
            )
    except Refused:
        is_done = False
    if not is_done and booking:
        _send_help(booking, contact, now)
    return reply.word if is_done else Reply.Word.UNKNOWN


def forget_replies(*, now: datetime) -> None:
    """Delete old records of received messages, which gateways will not repeat any more."""
    rows = Reply.objects.exclude(word=Reply.Word.STOP, received_at__gte=now - KEEP_STOP)
    rows.filter(received_at__lt=now - KEEP).delete()


def forget_person(*, bookings: Iterable[UUID], contact_hashes: Iterable[str]) -> None:
    """Delete the records of these people's messages, including the wish for no reminders."""
    stops = [_key(f"stop|{contact}") for contact in contact_hashes]
    Reply.objects.filter(Q(booking__in=list(bookings)) | Q(key__in=stops)).delete()


def wants_no_reminders(booking: Booking) -> bool:
    """Whether the person has answered STOP within a year."""
    return Reply.objects.filter(key=_key(f"stop|{booking.contact_hash}")).exists()


def _act_on_bookings(
    bookings: list[Booking], contact: str, reply: ParsedReply, now: datetime
) -> bool:
    if not bookings:
        return False
    if reply.word == "stop":
        _is_first_time(f"stop|{contact}", Reply.Word.STOP, now)
        _record(events.RemindersStopped, bookings[0], now)
        return True
    if reply.choice and (question := _bookings_asked_about(contact, now)):
        word, ids = question
        by_id = {str(booking.pk): booking for booking in bookings}
        if (
            reply.choice <= len(ids)
            and reply.word in {"choose", word}
            and ids[reply.choice - 1] in by_id
        ):
            return _carry_out(by_id[ids[reply.choice - 1]], word, now)
    if reply.word not in {"cancel", "confirm"}:
        return _carry_out(bookings[0], reply.word, now)
    states = OPEN if reply.word == "cancel" else {BookingState.UNCONFIRMED}
    candidates = sorted(
        (booking for booking in bookings if booking.state in states),
        key=lambda booking: booking.starts_at,
    )
    if len(candidates) > 1:
        _ask_which(candidates[:MOST_NUMBERED], reply.word, now)
        return True
    return _carry_out(candidates[0] if candidates else bookings[0], reply.word, now)


def _ask_which(bookings: list[Booking], word: str, now: datetime) -> None:
    record(
        events.ReplyAmbiguous(
            office=bookings[0].office_id,
            booking=str(bookings[0].pk),
            at=now,
            word="cancel" if word == "cancel" else "confirm",
            bookings=[str(booking.pk) for booking in bookings],
        )
    )


def _bookings_asked_about(contact: str, now: datetime) -> tuple[str, list[str]] | None:
    """The word and booking ids of our question which booking is meant, if one was sent lately."""
    questions = Message.objects.filter(
        kind="reply_which", booking__contact_hash=contact, created_at__gt=now - ASKED_WITHIN
    ).order_by("pk")
    event = Event.objects.filter(pk__in=questions.values("event")).order_by("pk").last()
    return (event.data["word"], event.data["bookings"]) if event else None


def _answer_late(contact: str, reply: ParsedReply, now: datetime) -> bool:
    """Reply that the booking no longer holds, at most once an hour; False if there is none."""
    if reply.word not in {"confirm", "cancel", "when"} or not contact:
        return False
    ended = Booking.objects.filter(
        contact_hash=contact, state__in=NO_LONGER, requested_at__isnull=False, ends_at__gt=now
    )
    texted = ended.filter(messages__channel=Message.Channel.SMS, messages__sent_at__isnull=False)
    booking = texted.order_by("ended_at").last()
    if booking is None or not booking.office.message_rules.sms:
        return False
    if _is_first_time(f"over|{contact}|{_window_number(now, HELP_ONCE_PER)}", Reply.Word.HELP, now):
        _record(events.ReplyTooLate, booking, now)
    return True


def _record(
    kind: type[events.ReplyTooLate | events.RemindersStopped], booking: Booking, now: datetime
) -> None:
    record(kind(office=booking.office_id, booking=str(booking.pk), at=now))


def _carry_out(booking: Booking, word: str, now: datetime) -> bool:
    if word == "cancel" and booking.state in OPEN:
        cancel_booking(booking=booking.pk, now=now)
        return True
    if word == "confirm" and booking.state == BookingState.UNCONFIRMED:
        confirm_booking(booking=booking.pk, now=now)
        return True
    # After "OK" to a reminder or a second "ANO", people want to read that the booking holds.
    if word in {"when", "confirm"} and booking.state in OPEN:
        record(events.WhenAsked(office=booking.office_id, booking=str(booking.pk), at=now))
        return True
    return False


def _answer_offer(offer: Offer, reply: ParsedReply, now: datetime) -> bool:
    """Accept or decline the open offer; False if the reply is no answer to it."""
    slot_count = offer.claims.count()
    choice = 1 if reply.word == "confirm" and slot_count == 1 else reply.choice
    if reply.word in {"choose", "confirm"} and 1 <= choice <= slot_count:
        if offer.kind == Offer.Kind.WAITING_LIST:
            waiting_list_offers.accept_waiting_list_offer(offer=offer.pk, now=now)
        else:
            offers.accept_offer(offer=offer.pk, choice=choice, now=now, by="sms")
        return True
    if reply.word == "decline":
        if offer.kind == Offer.Kind.WAITING_LIST:
            waiting_list_offers.decline_waiting_list_offer(offer=offer.pk, now=now)
        else:
            offers.decline_offer(offer=offer.pk, now=now, by="sms")
        return True
    return False


def _open_offer(contact: str, now: datetime) -> Offer | None:
    """The newest open offer to the number."""
    to_contact = Q(booking__contact_hash=contact) | Q(entry__contact_hash=contact)
    open_offers = Offer.objects.filter(to_contact, state=OfferState.OPEN, expires_at__gt=now)
    return open_offers.order_by("created_at").last()


def _bookings(contact: str, now: datetime) -> list[Booking]:
    """The number's future bookings: first the last texted one, as people reply to it, then by time."""
    coming = list(
        Booking.objects.filter(
            Q(state__in=OPEN) | Q(state=BookingState.DISPLACED),
            office__in=[office.pk for office in Office.objects.all() if office.message_rules.sms],
            contact_hash=contact,
            ends_at__gt=now,
        ).order_by("starts_at")
    )
    texts = Message.objects.filter(
        booking__in=coming, channel=Message.Channel.SMS, sent_at__isnull=False
    ).order_by("sent_at", "pk")
    last_texted = texts.values_list("booking_id", flat=True).last()
    return sorted(coming, key=lambda booking: booking.pk != last_texted)


def _send_help(booking: Booking, contact: str, now: datetime) -> None:
    """Send the list of possible replies, at most once an hour to a number."""
    if _is_first_time(f"help|{contact}|{_window_number(now, HELP_ONCE_PER)}", Reply.Word.HELP, now):
        record(events.ReplyNotUnderstood(office=booking.office_id, booking=str(booking.pk), at=now))


def _window_number(now: datetime, length: timedelta) -> int:
    return int(now.timestamp() // length.total_seconds())


def _is_first_time(identity: str, word: str, now: datetime) -> bool:
    """Whether the identity is new, and store it; a concurrent twin waits for this transaction."""
    _, is_new = Reply.objects.get_or_create(
        key=_key(identity), defaults={"word": word, "received_at": now}
    )
    return is_new


def _key(identity: str) -> str:
    secret = f"reply:{settings.SECRET_KEY}".encode()
    return hmac.new(secret, identity.encode(), hashlib.sha256).hexdigest()
