"""Short messages: what they say, how long they are, when they leave, and what they may cost."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.booking import booking_lifecycle
from prepazka.booking.contacts import normalise_phone
from prepazka.booking.models import Booking, BookingState
from prepazka.booking.refusals import PhoneNotMobile, PhoneOfOtherCountry
from prepazka.core import gsm7
from prepazka.journal.models import Event
from prepazka.messaging import message_delivery
from prepazka.messaging.channels import sms_alert, takes_phones
from prepazka.messaging.message_types import Mail, Sent, Sms, Undeliverable
from prepazka.messaging.models import Message
from prepazka.messaging.sms import compose_sms, shortened_names
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from tests import rounds, town

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
PHONE = "+420777123456"
KINDS = ["confirm", "confirmed", "moved", "reminder", "cancelled", "cancelled_by_office"]
LONGEST = [
    "Městský úřad Toužim",
    "Úřad městské části města Brna, Brno-Maloměřice a Obřany",
    "Magistrát hlavního města Prahy, odbor správních činností ve zdravotnictví a sociální péči",
    "Městský úřad Nové Město na Moravě - odbor stavební a životního prostředí",
    "Obecní úřad " + "Dlouhánovice " * 20,
    "X" * 300,
]


@pytest.fixture(autouse=True)
def _gateway(settings: Any) -> None:
    settings.SMS_GATEWAY = "file"
    settings.BASE_URL = "https://objednavky.touzim.example"


def sms_office(**rules: Any) -> OfficeSnapshot:
    where = town.office(quota=4)
    return with_rules(where, **rules)


def with_rules(where: OfficeSnapshot, **rules: Any) -> OfficeSnapshot:
    row = Office.objects.get(pk=where.office_id)
    row.messages_data = {"sms": True, **rules}
    row.version += 1
    row.save()
    return snapshot_of(Office.objects.get(pk=row.pk))


def composed(
    booking: Booking, kind: str = "ConfirmationRequested", now: Any = NOW
) -> Message | None:
    event = Event.objects.filter(kind=kind, data__booking=str(booking.pk)).latest("pk")
    found = message_delivery.compose_messages(event=event.pk, now=now)
    return found[0] if found else None


class Gateway:
    """Remembers what it was asked to send, or refuses."""

    def __init__(self, failure: Undeliverable | None = None) -> None:
        self.sent: list[Sms] = []
        self.failure = failure

    def __call__(self, sms: Sms) -> Sent:
        if self.failure:
            raise self.failure
        self.sent.append(sms)
        return Sent(id=f"id{len(self.sent)}", parts=gsm7.count_parts(sms.text))


def no_mail(mail: Mail) -> None:
    pytest.fail(f"a mail to {mail.to}")


def deliver(message: Message, gateway: Gateway, now: Any = NOW) -> Message:
    message_delivery.deliver_message(
        message=message.pk, gateways={"email": no_mail, "sms": gateway}, now=now
    )
    message.refresh_from_db()
    return message


def of_kind(where: OfficeSnapshot, kind: str, language: str = "cs") -> Message:
    make = town.requested if kind == "confirm" else town.confirmed
    booking = make(where, email="", phone=PHONE, language=language)
    if kind.startswith("cancelled"):
        booking = booking_lifecycle.cancel_booking(
            booking=booking.pk, now=NOW, by_office=kind == "cancelled_by_office"
        )
        kind = "cancelled"
    return Message.objects.create(
        office=booking.office, booking=booking, kind=kind, event=0, channel="sms", created_at=NOW
    )


@pytest.mark.parametrize("name", LONGEST, ids=lambda name: name[:12])
@pytest.mark.parametrize("language", ["cs", "en"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_is_one_plain_message_whatever_the_name(name: str, language: str, kind: str) -> None:
    where = sms_office()
    Office.objects.update(name={"cs": name, "en": name})
    where = with_rules(where)
    made = compose_sms(of_kind(where, kind, language), now=NOW)
    assert gsm7.is_gsm7(made.text)
    assert gsm7.count_septets(made.text) <= 160
    assert not made.allow_unicode
    booking = Booking.objects.get()
    assert f"/s/{booking.short_code}/" in made.text
    assert "23.11. 9:00-10:00" in made.text
    if kind in {"confirmed", "moved", "reminder"}:
        assert booking.pin in made.text
    else:
        assert not booking.pin or not town.shows_pin(made.text, booking.pin)
    if name != "X" * 300:
        assert made.text.startswith(gsm7.without_diacritics(name[0]))


def test_what_the_first_one_says() -> None:
    booking = town.requested(sms_office(), email="", phone=PHONE)
    message = composed(booking)
    assert message is not None
    assert compose_sms(message, now=NOW).text == (
        "Mestsky urad Lhota: termin po 23.11. 9:00-10:00 potvrdte do 9:15 tlacitkem na "
        f"https://objednavky.touzim.example/s/{booking.short_code}/"
    )


def test_with_diacritics_where_the_office_wants_them() -> None:
    made = compose_sms(of_kind(sms_office(unicode=True), "confirmed"), now=NOW)
    assert made.text.startswith("Městský úřad Lhota: čekáme Vás")
    assert made.allow_unicode
    assert gsm7.count_parts(made.text) == 2


@given(st.text(max_size=80))
def test_names_get_shorter_down_to_none(name: str) -> None:
    found = list(shortened_names(name))
    assert found[0] == name
    assert found[-1] == ""
    lengths = [len(one) for one in found[1:]]
    assert lengths == sorted(lengths, reverse=True)


class TestChannel:
    def test_who_gave_an_address_gets_a_mail(self) -> None:
        booking = town.requested(sms_office(), email="a@example.cz", phone=PHONE)
        message = composed(booking)
        assert message is not None
        assert message.channel == "email"

    def test_who_gave_a_mobile_alone_gets_a_short_message_once(self) -> None:
        message = composed(town.requested(sms_office(sender="Mesto"), email="", phone=PHONE))
        assert message is not None
        gateway = Gateway()
        assert deliver(message, gateway).state == "sent"
        assert (message.gateway_id, message.parts, message.sent_at) == ("id1", 1, NOW)
        deliver(message, gateway)
        (sent,) = gateway.sent
        assert (sent.e164, sent.sender) == (PHONE, "Mesto")

    @pytest.mark.parametrize("why", ["file", "installation", "fixed line"])
    def test_nobody_is_written_to_where_it_cannot_be_done(self, why: str, settings: Any) -> None:
        where = sms_office(sms=why != "file")
        settings.SMS_GATEWAY = "" if why == "installation" else "file"
        phone = "353000100" if why == "fixed line" else PHONE
        assert composed(town.requested(where, email="", phone=phone)) is None

    def test_an_old_number_of_the_desk_is_sent_in_e164(self) -> None:
        booking = town.requested(sms_office(), email="", phone=PHONE)
        Booking.objects.filter(pk=booking.pk).update(phone="777 123 456")
        message = composed(booking)
        assert message is not None
        gateway = Gateway()
        deliver(message, gateway)
        assert gateway.sent[0].e164 == PHONE

    def test_an_erased_contact_gets_nothing(self) -> None:
        booking = town.requested(sms_office(), email="", phone=PHONE)
        message = composed(booking)
        assert message is not None
        Booking.objects.filter(pk=booking.pk).update(phone="")
        assert deliver(message, Gateway()).state == "failed"


class TestDeadline:
    def test_it_starts_anew_when_our_message_leaves_late(self) -> None:
        booking = town.requested(sms_office(), email="", phone=PHONE)
        message = composed(booking)
        assert message is not None
        late = NOW + timedelta(minutes=10)
        gateway = Gateway()
        deliver(message, gateway, late)
        booking.refresh_from_db()
        assert booking.expires_at == late + timedelta(minutes=15)
        assert "potvrdte do 9:25" in gateway.sent[0].text

    def test_it_waits_for_a_gateway_that_is_away(self) -> None:
        booking = town.requested(sms_office(), email="", phone=PHONE)
        message = composed(booking)
        assert message is not None
        away = Gateway(Undeliverable("away", permanent=False))
        later = NOW + timedelta(minutes=14)
        with pytest.raises(Undeliverable):
            deliver(message, away, later)
        message.refresh_from_db()
        booking.refresh_from_db()
        assert (message.state, message.attempts, message.error) == ("queued", 1, "away")
        assert booking.expires_at == later + timedelta(minutes=15)

    def test_what_the_gateway_will_never_take_has_failed(self) -> None:
        message = composed(town.requested(sms_office(), email="", phone=PHONE))
        assert message is not None
        with pytest.raises(Undeliverable):
            deliver(message, Gateway(Undeliverable("no such number", permanent=True)))
        message.refresh_from_db()
        assert (message.state, message.error) == ("failed", "no such number")


class TestQuietHours:
    def reminded(self, phone: str, email: str, clock: str, **rules: Any) -> bool:
        """Whether a booking for Monday 21:00-22:00, made a week ago, is reminded at that time."""
        where = sms_office(**rules)
        booking = town.confirmed(where, email=email, phone=phone)
        Booking.objects.filter(pk=booking.pk).update(
            starts_at=town.at("21:00"),
            ends_at=town.at("22:00"),
            confirmed_at=NOW - timedelta(days=7),
        )
        rounds.remind(now=town.at(clock, town.MONDAY - timedelta(days=1)))
        return Event.objects.filter(kind="ReminderDue").exists()

    def test_a_telephone_does_not_ring_at_night(self) -> None:
        assert not self.reminded(PHONE, "", "21:30")

    def test_a_mail_makes_no_noise(self) -> None:
        assert self.reminded("", "a@example.cz", "21:30")

    def test_an_office_may_have_none(self) -> None:
        assert self.reminded(PHONE, "", "21:30", quiet_from_min=0, quiet_to_min=0)

    def test_in_the_morning_it_leaves(self) -> None:
        assert not self.reminded(PHONE, "", "21:30")
        rounds.remind(now=town.at("7:59"))
        assert not Event.objects.filter(kind="ReminderDue").exists()
        rounds.remind(now=town.at("8:00"))
        assert Event.objects.filter(kind="ReminderDue").count() == 1

    def test_a_reminder_held_up_by_the_gateway_waits_for_the_morning(self) -> None:
        message = of_kind(sms_office(), "reminder")
        gateway, night = Gateway(), town.at("20:30", town.MONDAY - timedelta(days=1))
        with pytest.raises(Undeliverable) as refused:
            deliver(message, gateway, night)
        assert refused.value.not_before == town.at("8:00")
        assert not gateway.sent
        assert deliver(message, gateway, town.at("8:00")).state == "sent"

    def test_what_the_person_waits_for_leaves_at_night_too(self) -> None:
        gateway = Gateway()
        night = town.at("22:00", town.MONDAY - timedelta(days=2))
        deliver(of_kind(sms_office(), "confirmed"), gateway, night)
        assert len(gateway.sent) == 1


class TestMonthlyLimit:
    def test_beyond_it_a_message_fails_and_says_why(self) -> None:
        where = sms_office(monthly_limit=1)
        assert takes_phones(where.row, now=NOW)
        first = composed(town.requested(where, "9:00", email="", phone=PHONE))
        assert first is not None
        assert not takes_phones(where.row, now=NOW)
        second = town.requested(where, "10:00", email="", phone="+420777123457")
        assert composed(second) is None
        failed = Message.objects.get(booking=second)
        assert (failed.state, failed.error) == (
            "failed",
            "the monthly limit of short messages is used up",
        )

    def test_a_mail_costs_nothing(self) -> None:
        where = sms_office(monthly_limit=0)
        assert composed(town.requested(where, email="a@example.cz", phone=PHONE)) is not None

    def test_it_begins_anew_with_the_month_of_the_office(self) -> None:
        where = sms_office(monthly_limit=1)
        composed(town.requested(where, email="", phone=PHONE))
        last, first = town.at("23:59", date(2026, 11, 30)), town.at("0:00", date(2026, 12, 1))
        assert not takes_phones(where.row, now=last)
        Message.objects.update(created_at=last)
        assert takes_phones(where.row, now=first)

    def test_what_was_not_sent_is_not_counted(self) -> None:
        where = sms_office(monthly_limit=1)
        booking = town.requested(where, email="", phone=PHONE)
        message = composed(booking)
        assert message is not None
        booking_lifecycle.cancel_booking(booking=booking.pk, now=NOW)
        assert deliver(message, Gateway()).error == message_delivery.NO_LONGER_NEEDED
        assert takes_phones(where.row, now=NOW)


CLOCKS = ("8:00", "9:00", "10:00", "11:00", "13:00")


class TestHourlyLimit:
    def test_beyond_it_messages_wait_and_forms_ask_for_an_e_mail(self, settings: Any) -> None:
        settings.SMS_PER_HOUR = 2
        where, gateway = sms_office(), Gateway()
        messages = [
            composed(town.requested(where, CLOCKS[n], email="", phone=f"+42077712345{n}"))
            for n in range(3)
        ]
        for message in messages[:2]:
            assert message is not None
            assert deliver(message, gateway, NOW).state == "sent"
        assert not takes_phones(where.row, now=NOW)
        assert sms_alert(where.row, now=NOW) == "hour"
        assert messages[2] is not None
        with pytest.raises(Undeliverable) as refused:
            deliver(messages[2], gateway, NOW)
        assert refused.value.not_before == NOW + timedelta(minutes=10)
        assert not refused.value.permanent
        assert len(gateway.sent) == 2
        assert deliver(messages[2], gateway, NOW + timedelta(hours=1)).state == "sent"

    def test_the_head_is_warned_before_the_month_is_used_up(self) -> None:
        where = sms_office(monthly_limit=5)
        seen = []
        for n in range(5):
            composed(town.requested(where, CLOCKS[n], email="", phone=f"+42077712345{n}"))
            seen.append(sms_alert(where.row, now=NOW))
        assert seen == ["", "", "", "soon", "month"]

    def test_an_office_that_says_nothing_has_a_monthly_limit(self) -> None:
        assert sms_office().row.message_rules.monthly_limit == 2000


class TestCountries:
    @pytest.mark.parametrize(
        "number", ["+881612345678", "+252612345678", "+18762345678", "+4915123456789"]
    )
    def test_nothing_is_sent_to_other_countries(self, number: str) -> None:
        where = sms_office()
        with pytest.raises(PhoneNotMobile):
            normalise_phone(number, mobile=True)
        assert composed(town.requested(where, email="", phone=number)) is None
        assert not Message.objects.exclude(state="failed").exists()

    @pytest.mark.parametrize("number", ["+420777123456", "+421905123456"])
    def test_czech_and_slovak_numbers_are_written_to(self, number: str) -> None:
        assert normalise_phone(number, mobile=True) == number

    def test_the_installation_may_allow_others(self, settings: Any) -> None:
        settings.SMS_COUNTRIES = ["CZ", "DE"]
        assert normalise_phone("+4915123456789", mobile=True) == "+4915123456789"
        with pytest.raises(PhoneOfOtherCountry):
            normalise_phone("+421905123456", mobile=True)

    def test_a_number_beside_an_e_mail_may_be_of_anywhere(self) -> None:
        assert normalise_phone("+4915123456789") == "+4915123456789"


def test_confirmed_by_the_message_alone_the_pin_comes_by_another() -> None:
    booking = town.requested(sms_office(), email="", phone=PHONE)
    gateway = Gateway()
    asked = composed(booking)
    assert asked is not None
    deliver(asked, gateway)
    booking = booking_lifecycle.confirm_booking(booking=booking.pk, now=NOW)
    told = composed(booking, "BookingConfirmed")
    assert told is not None
    deliver(told, gateway)
    assert booking.state == BookingState.CONFIRMED
    assert [booking.pin in one.text for one in gateway.sent] == [False, True]
