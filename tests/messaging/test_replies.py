"""Short messages that people send: what each does, to which booking, and what it never does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from prepazka.booking import offers
from prepazka.booking.booking_lifecycle import move_booking
from prepazka.booking.contacts import contact_hash
from prepazka.booking.models import Booking, BookingState
from prepazka.core import events
from prepazka.core.reply_parsing import parse_reply
from prepazka.journal.models import Event
from prepazka.journal.record import record
from prepazka.messaging import message_delivery, replies
from prepazka.messaging.message_types import Incoming
from prepazka.messaging.models import Message, Reply
from prepazka.messaging.sms import compose_sms
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import town
from tests.messaging.test_message_subjects import offer_to
from tests.messaging.test_sms import sms_office
from tests.races.together import together

pytestmark = pytest.mark.django_db
NOW, PHONE = town.FRIDAY_BEFORE, "+420777123456"


@pytest.fixture(autouse=True)
def _gateway(settings: Any) -> None:
    settings.SMS_GATEWAY = "file"


@pytest.fixture
def lhota() -> OfficeSnapshot:
    return sms_office()


def say(text: str, number: str = PHONE, now: Any = NOW, name: str = "") -> str:
    return replies.handle_reply(Incoming(number, text, name), gateway="test", now=now)


def answers(kind: str = "") -> list[str]:
    """The kinds of messages that the events called for."""
    made = [
        one
        for event in Event.objects.order_by("pk")
        for one in message_delivery.compose_messages(event=event.pk, now=NOW)
    ]
    return [one.kind for one in made if not kind or one.kind == kind]


def test_yes_confirms_and_the_pin_is_sent(lhota: OfficeSnapshot) -> None:
    booking = town.requested(lhota, email="", phone=PHONE)
    assert say("ano") == "confirm"
    booking.refresh_from_db()
    assert booking.state == BookingState.CONFIRMED
    assert answers("confirmed") == ["confirmed"]


def test_when_and_ok_tell_the_slot(lhota: OfficeSnapshot) -> None:
    town.confirmed(lhota, email="", phone=PHONE)
    assert [say("Kdy?"), say("OK")] == ["when", "confirm"]
    answers()
    told = Message.objects.filter(kind="when")
    assert told.count() == 2
    text = compose_sms(told[0], now=NOW).text
    assert text.startswith("Mestsky urad Lhota: Vas termin je po 23.11. 9:00-10:00.")


def test_storno_cancels_only_what_belongs_to_the_number(lhota: OfficeSnapshot) -> None:
    mine = town.confirmed(lhota, email="", phone=PHONE)
    other = town.confirmed(lhota, email="", phone="+420608111222")
    by_mail = town.confirmed(lhota, email="jana@example.cz", phone=PHONE)
    assert say("Zrušit", number="777 123 456") == "cancel"
    states = {one.pk: one.state for one in Booking.objects.all()}
    assert states == {
        mine.pk: BookingState.CANCELLED_BY_CITIZEN,
        other.pk: BookingState.CONFIRMED,
        by_mail.pk: BookingState.CONFIRMED,
    }
    assert say("STORNO", number="+420608111333") == ""


def test_of_several_bookings_we_tell_the_one_we_wrote_about_last(lhota: OfficeSnapshot) -> None:
    first = town.confirmed(lhota, "9:00", email="", phone=PHONE)
    second = town.confirmed(lhota, "10:00", email="", phone=PHONE, channel="phone")
    for number, one in enumerate((first, second)):
        wrote_about(one, number)
    assert say("kdy") == "when"
    assert Event.objects.get(kind="WhenAsked").data["booking"] == str(second.pk)


def wrote_about(booking: Booking, number: int) -> Message:
    return Message.objects.create(
        office=booking.office,
        booking=booking,
        kind="confirmed",
        event=-number,
        channel="sms",
        state="sent",
        created_at=NOW,
        sent_at=NOW + timedelta(minutes=number),
    )


@pytest.mark.parametrize("first_words", ["STORNO", "STORNO 1", "storno 9"])
@pytest.mark.parametrize(("answer", "gone"), [("2", 1), ("1.", 0), ("STORNO 2", 1)])
def test_storno_with_several_bookings_asks_which_and_takes_the_number(
    lhota: OfficeSnapshot, first_words: str, answer: str, gone: int
) -> None:
    bookings = [
        town.confirmed(lhota, "9:00", email="", phone=PHONE),
        town.confirmed(lhota, "10:00", email="", phone=PHONE, channel="phone"),
    ]
    wrote_about(bookings[1], 1)
    assert say(first_words) == "cancel"
    assert [one.state for one in Booking.objects.all()] == [BookingState.CONFIRMED] * 2
    assert answers("reply_which") == ["reply_which"]
    text = compose_sms(Message.objects.get(kind="reply_which"), now=NOW).text
    assert "1) 23.11. 9:00, 2) 23.11. 10:00" in text
    assert len(text) <= 160
    assert say(answer, now=NOW + timedelta(minutes=11)) == parse_reply(answer).word
    states = [Booking.objects.get(pk=one.pk).state for one in bookings]
    assert states[gone] == BookingState.CANCELLED_BY_CITIZEN
    assert states[1 - gone] == BookingState.CONFIRMED


def test_a_number_that_nobody_asked_for_cancels_nothing(lhota: OfficeSnapshot) -> None:
    town.confirmed(lhota, "9:00", email="", phone=PHONE)
    assert say("1") == "unknown"
    assert Booking.objects.get().state == BookingState.CONFIRMED


def test_yes_with_several_unconfirmed_bookings_asks_which(lhota: OfficeSnapshot) -> None:
    for clock in ("9:00", "10:00"):
        held = town.hold(lhota, clock)
        Booking.objects.filter(pk=held.pk).update(
            state=BookingState.UNCONFIRMED,
            requested_at=NOW,
            email="",
            phone=PHONE,
            contact_hash=contact_hash(PHONE),
        )
    assert say("ANO") == "confirm"
    assert answers("reply_which") == ["reply_which"]
    say("2", now=NOW + timedelta(minutes=5))
    states = Booking.objects.order_by("starts_at").values_list("state", flat=True)
    assert list(states) == [BookingState.UNCONFIRMED, BookingState.CONFIRMED]


@pytest.mark.parametrize("state", [BookingState.EXPIRED, BookingState.CANCELLED_BY_OFFICE])
def test_an_answer_that_comes_too_late_is_answered_once(lhota: OfficeSnapshot, state: str) -> None:
    booking = town.requested(lhota, email="", phone=PHONE)
    wrote_about(booking, 1)
    Booking.objects.update(state=state, ended_at=NOW + timedelta(minutes=15), expires_at=None)
    for minutes in (120, 131, 142):
        assert say("ANO", now=NOW + timedelta(minutes=minutes)) == "confirm"
    assert answers("reply_over") == ["reply_over"]
    text = compose_sms(Message.objects.get(kind="reply_over"), now=NOW).text
    assert "uz neplati" in text
    assert say("ANO", number="+420608111222") == "", "nobody makes us pay by writing to us"


def test_stop_ends_the_reminders_and_says_so(lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota, email="", phone=PHONE)
    record(events.ReminderDue(office=booking.office_id, booking=str(booking.pk), at=NOW))
    answers()
    reminder = Message.objects.get(kind="reminder")
    assert not message_delivery.is_pointless(reminder, NOW)
    assert say("STOP") == "stop"
    assert answers("reminders_off") == ["reminders_off"]
    assert message_delivery.is_pointless(reminder, NOW)
    assert not message_delivery.is_pointless(Message.objects.get(kind="reminders_off"), NOW)
    replies.forget_replies(now=NOW + replies.KEEP * 2)
    assert message_delivery.is_pointless(reminder, NOW), "for a year"
    replies.forget_replies(now=NOW + replies.KEEP_STOP + timedelta(days=1))
    assert not message_delivery.is_pointless(reminder, NOW)


@pytest.mark.parametrize("kind", [events.ReminderDue, events.SoonReminderDue])
def test_a_reminder_of_the_time_before_is_dropped(lhota: OfficeSnapshot, kind: Any) -> None:
    booking = town.confirmed(lhota, email="", phone=PHONE)
    record(kind(office=booking.office_id, booking=str(booking.pk), at=NOW))
    move_booking(booking=booking.pk, starts_at=town.at("11:00"), now=NOW + timedelta(minutes=1))
    answers()
    (reminder,) = Message.objects.filter(kind__startswith="reminder")
    assert message_delivery.is_pointless(reminder, NOW + timedelta(minutes=2))
    record(kind(office=booking.office_id, booking=str(booking.pk), at=NOW + timedelta(minutes=3)))
    answers()
    fresh = Message.objects.filter(kind__startswith="reminder").latest("pk")
    assert not message_delivery.is_pointless(fresh, NOW + timedelta(minutes=4))


def test_help_once_an_hour_and_nothing_to_strangers(lhota: OfficeSnapshot) -> None:
    town.confirmed(lhota, email="", phone=PHONE)
    at = town.at("9:05", NOW.date())
    for number in range(5):
        assert say(f"Dobrý den, prosím o jiný termín {number}", now=at) == "unknown"
    say("cože", number="+420608111222", now=at)
    assert Event.objects.filter(kind="ReplyNotUnderstood").count() == 1
    say("haló", now=at + timedelta(hours=1))
    assert Event.objects.filter(kind="ReplyNotUnderstood").count() == 2
    answers()
    text = compose_sms(Message.objects.filter(kind="reply_help")[0], now=NOW).text
    assert "ANO" in text
    assert len(text) <= 160


def test_too_late_to_cancel_is_answered_politely(lhota: OfficeSnapshot) -> None:
    booking = town.confirmed(lhota, email="", phone=PHONE)
    assert say("STORNO", now=booking.starts_at + timedelta(minutes=5)) == "unknown"
    assert Event.objects.filter(kind="ReplyNotUnderstood").exists()


def test_the_same_message_twice_acts_once(lhota: OfficeSnapshot) -> None:
    town.confirmed(lhota, email="", phone=PHONE)
    for name in ("", "id-1"):
        assert [say("KDY", name=name) for _ in range(3)] == ["when", "", ""]
    assert Event.objects.filter(kind="WhenAsked").count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_gateway_that_calls_twice_at_once_acts_once() -> None:
    town.confirmed(sms_office(), email="", phone=PHONE)
    assert set(together(2, lambda _: say("KDY", name="same"))) == {"", "when"}
    assert Event.objects.filter(kind="WhenAsked").count() == 1


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("2", ("accept_offer", {"choice": 2})),
        ("termín 3", ("accept_offer", {"choice": 3})),
        ("NE", ("decline_offer", {})),
        ("4", None),
        ("ANO", None),
    ],
)
def test_an_offer_is_answered_by_its_numbers(
    lhota: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch, text: str, called: Any
) -> None:
    booking = town.confirmed(lhota, email="", phone=PHONE)
    offer = offer_to(lhota, "10:00", "11:00", "14:00", booking=booking)
    calls: list[Any] = []

    def use(name: str) -> Any:
        def used(**said: Any) -> None:
            assert said.pop("offer") == offer.pk
            assert (said.pop("now"), said.pop("by")) == (NOW, "sms")
            calls.append((name, said))

        return used

    for name in ("accept_offer", "decline_offer"):
        monkeypatch.setattr(offers, name, use(name))
    say(text)
    assert calls == ([called] if called else [])


def test_what_came_is_forgotten_and_was_never_kept_in_words(lhota: OfficeSnapshot) -> None:
    town.confirmed(lhota, email="", phone=PHONE)
    say("KDY")
    for row in Reply.objects.values():
        assert "777123456" not in repr(row)
        assert "KDY" not in repr(row)
    replies.forget_replies(now=NOW + replies.KEEP + timedelta(days=1))
    assert not Reply.objects.exists()
