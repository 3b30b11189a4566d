"""A PIN entered at one kiosk in the moment in which another, that held it too, is reported lost."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from prepazka.booking.models import Booking, ReplacedPin
from prepazka.core.pins import Outcome
from prepazka.journal.models import Event
from prepazka.offices.models import Device
from prepazka.queueing import lost_kiosk, offline_logs, tickets
from prepazka.queueing.models import Ticket
from prepazka.queueing.refusals import GrantUnknown
from tests import town
from tests.cutoff import Kiosk
from tests.races.together import meeting, together

pytestmark = pytest.mark.django_db(transaction=True)
NINE, LATER = town.at("9:00"), town.at("9:01")


def enter_and_lose(many: int = 2) -> tuple[list[Any], str]:
    """The answers of a check-in and of losses pressed at once, and the PIN that was entered."""
    office = town.office()
    booking = town.confirmed(office, "9:00")
    head = town.clerk(office, "hlavni", "head").pk
    Kiosk(office, NINE)
    other = Device.objects.create(office=office.row, code="k2", kind="kiosk", name={"cs": "K2"})

    def press(n: int) -> object:
        if n == 0:
            return tickets.check_in(
                office=office, device=other, pin=booking.pin, touch=uuid4(), now=NINE
            )
        return lost_kiosk.report_kiosk_lost(
            office=office, device=town.kiosk(office).pk, now=NINE, actor=head
        )

    return together(many, press), booking.pin


def is_consistent(answers: list[Any], pin: str) -> bool:
    """Whoever came keeps the PIN and is told of no other; who did not come reads that it changed."""
    booking = Booking.objects.get()
    if answers[0].verdict.accepted:
        return booking.state == "arrived" and booking.pin == pin and not changed()
    return answers[0].verdict.outcome is Outcome.CHANGED and booking.state == "confirmed"


def changed() -> bool:
    return ReplacedPin.objects.exists() or Event.objects.filter(kind="PinChanged").exists()


def test_the_pin_gives_a_ticket_or_is_changed_never_both() -> None:
    answers, pin = enter_and_lose(4)
    assert not [a for a in answers if isinstance(a, Exception)]
    assert is_consistent(answers, pin)
    assert sum(answers[1:]) == Event.objects.filter(kind="PinChanged").count()
    assert Event.objects.filter(kind="KioskLost").count() == 1


def test_control_without_the_lock_of_the_day_who_has_come_is_told_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lost_kiosk, "lock_days", lambda *_: None)
    looked, came = meeting(2), meeting(2)
    held, issue = lost_kiosk.bookings_on_kiosk, tickets._arrive
    check_in = tickets.check_in

    def look(*args: Any, **more: Any) -> list[Booking]:
        rows = held(*args, **more)
        looked()
        came()
        return rows

    def arrive(*args: Any, **more: Any) -> Ticket:
        looked()
        return issue(*args, **more)

    def enter(**more: Any) -> tickets.CheckIn:
        try:
            return check_in(**more)
        finally:
            came()

    monkeypatch.setattr(lost_kiosk, "bookings_on_kiosk", look)
    monkeypatch.setattr(tickets, "_arrive", arrive)
    monkeypatch.setattr(tickets, "check_in", enter)
    answers, pin = enter_and_lose()
    assert not [a for a in answers if isinstance(a, Exception)]
    assert not is_consistent(answers, pin)
    assert Ticket.objects.exists()
    assert changed()


def test_a_log_that_comes_at_that_moment_is_taken_before_or_not_at_all() -> None:
    office = town.office()
    head = town.clerk(office, "hlavni", "head").pk
    kiosk = Kiosk(office, NINE)
    kiosk.gives(NINE)

    def press(n: int) -> object:
        if n == 0:
            return kiosk.merge(LATER)
        return lost_kiosk.report_kiosk_lost(
            office=office, device=kiosk.device.pk, now=LATER, actor=head
        )

    merged, _ = together(2, press)
    events = [e for e in ("OfflineMerged", "KioskLost", "LogRefused") if _has(e)]
    if isinstance(merged, GrantUnknown):
        assert (events, Ticket.objects.count()) == (["KioskLost", "LogRefused"], 0)
    else:
        assert (events, Ticket.objects.count()) == (["OfflineMerged", "KioskLost"], 1)
        first = Event.objects.filter(kind__in=events).order_by("pk").first()
        assert first
        assert first.kind == "OfflineMerged"


def _has(kind: str) -> bool:
    return Event.objects.filter(kind=kind).exists()


def test_control_a_look_before_the_lock_takes_the_log_of_a_lost_kiosk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = town.office()
    head = town.clerk(office, "hlavni", "head").pk
    kiosk = Kiosk(office, NINE)
    kiosk.gives(NINE)
    before = offline_logs._is_revoked(kiosk.grant)
    lost_kiosk.report_kiosk_lost(office=office, device=kiosk.device.pk, now=LATER, actor=head)
    monkeypatch.setattr(
        offline_logs, "_is_revoked", lambda _: before
    )  # what was seen before the loss
    assert kiosk.merge(LATER) == 1
    assert Ticket.objects.exists()
