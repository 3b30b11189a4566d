"""People whom no message reaches stand on the call list, whatever the office changed."""

from __future__ import annotations

from typing import Any

import pytest

from prepazka.booking import booking_lifecycle, call_entries
from prepazka.booking.models import Booking, CallListEntry
from prepazka.core import events
from prepazka.gateways.email import send_mail
from prepazka.journal.models import Event
from prepazka.journal.record import record
from prepazka.messaging.message_delivery import compose_messages, deliver_message
from prepazka.messaging.message_types import Mail, Sms, Undeliverable
from prepazka.messaging.models import Message, MessageState
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import town
from tests.gateways.test_email import Server, server

__all__ = ["server"]

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
Reason = CallListEntry.Reason


def no_sms(_: Sms) -> Any:
    raise AssertionError


def follow_up(kind: str) -> list[Message]:
    """The messages that the last event of the kind causes."""
    return compose_messages(event=Event.objects.filter(kind=kind).latest("pk").pk, now=NOW)


def call_reasons(booking: Booking) -> list[str]:
    """Why the booking's person is on the call list."""
    calls = CallListEntry.objects.filter(booking=booking, closed_at=None)
    return list(calls.values_list("reason", flat=True))


@pytest.fixture
def lhota() -> OfficeSnapshot:
    return town.office(quota=4)


@pytest.mark.parametrize("address", ["jan@exa\u202cmple.cz", "jan@example..cz", "háček@example.cz"])
@pytest.mark.parametrize("phone", ["", "+420777123456"])
def test_an_address_that_cannot_be_written_to_fails_for_good(
    lhota: OfficeSnapshot, address: str, phone: str
) -> None:
    booking = town.confirmed(lhota)
    Booking.objects.filter(pk=booking.pk).update(email=address, phone=phone)
    (message,) = follow_up("BookingConfirmed")
    with pytest.raises(Undeliverable) as failure:
        deliver_message(message=message.pk, gateways={"email": send_mail, "sms": no_sms}, now=NOW)
    assert failure.value.permanent
    message.refresh_from_db()
    assert (message.state, message.attempts) == (MessageState.FAILED, 1)
    assert call_reasons(booking) == [Reason.UNDELIVERED]


def test_a_mail_refused_after_it_was_read_is_tried_once(
    lhota: OfficeSnapshot, server: Server
) -> None:
    booking = town.confirmed(lhota)
    (message,) = follow_up("BookingConfirmed")
    server.answers = "554 5.7.1 not wanted here"
    with pytest.raises(Undeliverable) as failure:
        deliver_message(message=message.pk, gateways={"email": send_mail, "sms": no_sms}, now=NOW)
    assert failure.value.permanent
    message.refresh_from_db()
    assert (message.state, message.attempts) == (MessageState.FAILED, 1)
    assert call_reasons(booking) == [Reason.UNDELIVERED]


def test_who_never_confirmed_and_left_no_number_is_not_on_the_list(lhota: OfficeSnapshot) -> None:
    booking = town.requested(lhota)

    def refuse(_: Mail) -> None:
        raise Undeliverable("no", permanent=True)

    (message,) = follow_up("ConfirmationRequested")
    with pytest.raises(Undeliverable):
        deliver_message(message=message.pk, gateways={"email": refuse, "sms": no_sms}, now=NOW)
    assert call_reasons(booking) == []
    booking_lifecycle.cancel_booking(booking=booking.pk, now=NOW)


FIXED_LINE = {"email": "", "phone": "+420382766111"}
NOTHING = {"email": "", "phone": ""}


def without_channel(lhota: OfficeSnapshot, contact: dict[str, str], clock: str = "9:00") -> Booking:
    booking = town.confirmed(lhota, clock)
    Booking.objects.filter(pk=booking.pk).update(**contact)
    return booking


@pytest.mark.parametrize("contact", [FIXED_LINE, NOTHING])
def test_who_cannot_be_written_to_is_told_of_what_the_office_cancels_and_moves(
    lhota: OfficeSnapshot, contact: dict[str, str]
) -> None:
    cancelled = without_channel(lhota, contact)
    moved = without_channel(lhota, contact, "10:00")
    booking_lifecycle.cancel_booking(booking=cancelled.pk, now=NOW, by_office=True)
    booking_lifecycle.move_booking(
        booking=moved.pk, starts_at=town.at("11:00"), now=NOW, by_office=True
    )
    assert follow_up("BookingCancelled") == []
    assert follow_up("BookingMoved") == []
    assert follow_up("BookingMoved") == []
    assert [call_reasons(one) for one in (cancelled, moved)] == [[Reason.NO_CONTACT]] * 2


def test_what_the_person_did_asks_for_no_call(lhota: OfficeSnapshot) -> None:
    cancelled = without_channel(lhota, FIXED_LINE)
    moved = without_channel(lhota, FIXED_LINE, "10:00")
    booking_lifecycle.cancel_booking(booking=cancelled.pk, now=NOW)
    booking_lifecycle.move_booking(booking=moved.pk, starts_at=town.at("11:00"), now=NOW)
    follow_up("BookingCancelled")
    follow_up("BookingMoved")
    follow_up("BookingConfirmed")
    assert not CallListEntry.objects.exists()


def test_three_calls_in_vain_are_not_begun_anew(lhota: OfficeSnapshot) -> None:
    booking = without_channel(lhota, FIXED_LINE)
    actor = town.clerk(lhota, "operator").pk
    Booking.objects.filter(pk=booking.pk).update(state="displaced", ended_at=NOW)
    entry = CallListEntry.objects.create(
        office=booking.office, booking=booking, reason=Reason.NO_SLOT, created_at=NOW
    )
    for _ in range(call_entries.ATTEMPTS):
        call_entries.take_call(entry=entry.pk, actor=actor, now=NOW)
        call_entries.note_unreached(entry=entry.pk, actor=actor, now=NOW)
    follow_up("BookingCancelled")
    assert call_reasons(booking) == []


def test_an_incident_is_told_by_telephone_to_who_cannot_be_written_to(
    lhota: OfficeSnapshot,
) -> None:
    booking = without_channel(lhota, FIXED_LINE)
    record(
        events.BookingWarned(office=booking.office_id, booking=str(booking.pk), at=NOW, incident=1)
    )
    assert follow_up("BookingWarned") == []
    assert call_reasons(booking) == [Reason.NO_CONTACT]
