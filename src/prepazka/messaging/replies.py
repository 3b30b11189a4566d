"""Short messages that people send us: each acts once, and only on bookings of its number."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from prepazka.booking import offers, places
from prepazka.booking.contacts import contact_hash
from prepazka.booking.models import OPEN, Booking, Offer, State
from prepazka.booking.usecases import cancel_booking, confirm_booking
from prepazka.core import events
from prepazka.core.refusal import Refused
from prepazka.core.replies import Said, understand
from prepazka.journal.models import Event
from prepazka.journal.record import record
from prepazka.messaging.channels import mobile_of
from prepazka.messaging.models import Message, Reply
from prepazka.messaging.port import Incoming
from prepazka.offices.models import Office

TWICE_WITHIN = timedelta(minutes=10)  # the same words of a gateway that gives its messages no id
HELP_ONCE_PER = timedelta(hours=1)
KEEP = timedelta(days=30)
KEEP_STOP = timedelta(days=365)
ASKED_WITHIN = timedelta(days=1)
MOST_NUMBERED = 4  # bookings in one short message
NO_LONGER = {State.EXPIRED, State.CANCELLED_BY_CITIZEN, State.CANCELLED_BY_OFFICE}


@transaction.atomic
def hear(incoming: Incoming, *, gateway: str, now: datetime) -> str:
    """Do what the message asks for; returns the word that was understood, or "" for nothing.

    A number that has no coming booking gets no answer: so nobody makes us pay by writing to us.
    """
    number = mobile_of(incoming.number)
    said = understand(incoming.text)
    once = incoming.id or f"{number}|{incoming.text}|{_window(now, TWICE_WITHIN)}"
    if not number or not _first(f"{gateway}|{once}", said.word, now):
        return ""
    contact = contact_hash(number)
    offer = _open_offer(contact, now)
    bookings = _bookings(contact, now)
    booking = bookings[0] if bookings else None
    if offer is None and booking is None:
        return said.word if _answer_late(contact, said, now) else ""
    if booking:
        Reply.objects.filter(key=_key(f"{gateway}|{once}")).update(booking=booking)
    try:
        with transaction.atomic():
            done = bool(offer and _answer(offer, said, now)) or _act(bookings, contact, said, now)
    except Refused:
        done = False
    if not done and booking:
        _help(booking, contact, now)
    return said.word if done else Reply.Word.UNKNOWN


def forget_replies(*, now: datetime) -> None:
    """Forget which messages came; their gateways will not send them again."""
    rows = Reply.objects.exclude(word=Reply.Word.STOP, received_at__gte=now - KEEP_STOP)
    rows.filter(received_at__lt=now - KEEP).delete()


def forget_person(*, bookings: Iterable[UUID], contact_hashes: Iterable[str]) -> None:
    """Forget what these people sent, their wish for no reminders among it."""
    stops = [_key(f"stop|{contact}") for contact in contact_hashes]
    Reply.objects.filter(Q(booking__in=list(bookings)) | Q(key__in=stops)).delete()


def wants_no_reminders(booking: Booking) -> bool:
    """Whether the person has answered STOP within a year."""
    return Reply.objects.filter(key=_key(f"stop|{booking.contact_hash}")).exists()


def _act(bookings: list[Booking], contact: str, said: Said, now: datetime) -> bool:
    if not bookings:
        return False
    if said.word == "stop":
        _first(f"stop|{contact}", Reply.Word.STOP, now)
        _record(events.RemindersStopped, bookings[0], now)
        return True
    if said.choice and (asked := _asked(contact, now)):
        word, ids = asked
        meant = {str(one.pk): one for one in bookings}
        if (
            said.choice <= len(ids)
            and said.word in {"choose", word}
            and ids[said.choice - 1] in meant
        ):
            return _do(meant[ids[said.choice - 1]], word, now)
    if said.word not in {"cancel", "confirm"}:
        return _do(bookings[0], said.word, now)
    states = OPEN if said.word == "cancel" else {State.UNCONFIRMED}
    fit = sorted((one for one in bookings if one.state in states), key=lambda one: one.starts_at)
    if len(fit) > 1:
        _ask_which(fit[:MOST_NUMBERED], said.word, now)
        return True
    return _do(fit[0] if fit else bookings[0], said.word, now)


def _ask_which(bookings: list[Booking], word: str, now: datetime) -> None:
    record(
        events.ReplyAmbiguous(
            office=bookings[0].office_id,
            booking=str(bookings[0].pk),
            at=now,
            word="cancel" if word == "cancel" else "confirm",
            bookings=[str(one.pk) for one in bookings],
        )
    )


def _asked(contact: str, now: datetime) -> tuple[str, list[str]] | None:
    """What shall be done with which bookings, if we have asked the number for one of them."""
    asked = Message.objects.filter(
        kind="reply_which", booking__contact_hash=contact, created_at__gt=now - ASKED_WITHIN
    ).order_by("pk")
    event = Event.objects.filter(pk__in=asked.values("event")).order_by("pk").last()
    return (event.data["word"], event.data["bookings"]) if event else None


def _answer_late(contact: str, said: Said, now: datetime) -> bool:
    """Say that the booking no longer holds, at most once an hour to a number."""
    if said.word not in {"confirm", "cancel", "when"} or not contact:
        return False
    ended = Booking.objects.filter(
        contact_hash=contact, state__in=NO_LONGER, requested_at__isnull=False, ends_at__gt=now
    )
    written = ended.filter(messages__channel=Message.Channel.SMS, messages__sent_at__isnull=False)
    booking = written.order_by("ended_at").last()
    if booking is None or not booking.office.message_rules.sms:
        return False
    if _first(f"over|{contact}|{_window(now, HELP_ONCE_PER)}", Reply.Word.HELP, now):
        _record(events.ReplyTooLate, booking, now)
    return True


def _record(
    kind: type[events.ReplyTooLate | events.RemindersStopped], booking: Booking, now: datetime
) -> None:
    record(kind(office=booking.office_id, booking=str(booking.pk), at=now))


def _do(booking: Booking, word: str, now: datetime) -> bool:
    if word == "cancel" and booking.state in OPEN:
        cancel_booking(booking=booking.pk, now=now)
        return True
    if word == "confirm" and booking.state == State.UNCONFIRMED:
        confirm_booking(booking=booking.pk, now=now)
        return True
    # OK to a reminder, a second ANO: they would like to know that all is well.
    if word in {"when", "confirm"} and booking.state in OPEN:
        record(events.WhenAsked(office=booking.office_id, booking=str(booking.pk), at=now))
        return True
    return False


def _answer(offer: Offer, said: Said, now: datetime) -> bool:
    """Accept or decline the open offer. False: the words are no answer to it."""
    many = offer.claims.count()
    choice = 1 if said.word == "confirm" and many == 1 else said.choice
    if said.word in {"choose", "confirm"} and 1 <= choice <= many:
        if offer.kind == Offer.Kind.WAITING_LIST:
            places.accept_place(offer=offer.pk, now=now)
        else:
            offers.accept_offer(offer=offer.pk, choice=choice, now=now, by="sms")
        return True
    if said.word == "decline":
        if offer.kind == Offer.Kind.WAITING_LIST:
            places.decline_place(offer=offer.pk, now=now)
        else:
            offers.decline_offer(offer=offer.pk, now=now, by="sms")
        return True
    return False


def _open_offer(contact: str, now: datetime) -> Offer | None:
    """The newest open offer to the number."""
    mine = Q(booking__contact_hash=contact) | Q(entry__contact_hash=contact)
    found = Offer.objects.filter(mine, state=Offer.State.OPEN, expires_at__gt=now)
    return found.order_by("created_at").last()


def _bookings(contact: str, now: datetime) -> list[Booking]:
    """The coming bookings; first the one we wrote about last, as people answer that, else the next."""
    mine = list(
        Booking.objects.filter(
            Q(state__in=OPEN) | Q(state=State.DISPLACED),
            office__in=[office.pk for office in Office.objects.all() if office.message_rules.sms],
            contact_hash=contact,
            ends_at__gt=now,
        ).order_by("starts_at")
    )
    last = Message.objects.filter(
        booking__in=mine, channel=Message.Channel.SMS, sent_at__isnull=False
    ).order_by("sent_at", "pk")
    written = last.values_list("booking_id", flat=True).last()
    return sorted(mine, key=lambda one: one.pk != written)


def _help(booking: Booking, contact: str, now: datetime) -> None:
    """Say what can be said, at most once an hour to a number."""
    if _first(f"help|{contact}|{_window(now, HELP_ONCE_PER)}", Reply.Word.HELP, now):
        record(events.ReplyNotUnderstood(office=booking.office_id, booking=str(booking.pk), at=now))


def _window(now: datetime, length: timedelta) -> int:
    return int(now.timestamp() // length.total_seconds())


def _first(what: str, word: str, now: datetime) -> bool:
    """Whether this is the first time; a twin that comes meanwhile waits for the one before it."""
    _, is_new = Reply.objects.get_or_create(
        key=_key(what), defaults={"word": word, "received_at": now}
    )
    return is_new


def _key(what: str) -> str:
    secret = f"reply:{settings.SECRET_KEY}".encode()
    return hmac.new(secret, what.encode(), hashlib.sha256).hexdigest()
