"""A field that a use-case sets is saved, whichever fields the function that saves knows of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import models

from prepazka.booking import booking_lifecycle, transitions
from prepazka.booking.models import Booking, BookingState, Channel, Lane
from prepazka.core.contact import Contact
from prepazka.journal import rows
from tests import town

pytestmark = pytest.mark.django_db

NOW = town.FRIDAY_BEFORE
SAVES: dict[str, Callable[[Booking], None]] = {
    "save": lambda booking: booking.save(update_fields=["state"]),
    "update_row": lambda booking: rows.update_row(booking, ("state",)),
    "end_booking": lambda booking: transitions.end_booking(booking, BookingState.NO_SHOW, NOW),
    "mark_served": lambda booking: transitions.mark_served(booking, NOW),
}


@pytest.mark.parametrize("save", SAVES)
@pytest.mark.parametrize("field", ["topic", "reminded_at", "crowds", "lane_id"])
def test_a_field_outside_the_named_ones_is_saved(save: str, field: str) -> None:
    office = town.office(quota=2)
    booking = Booking.objects.get(pk=town.confirmed(office, "9:00").pk)
    other_lane = Lane.objects.filter(office=office.row).exclude(pk=booking.lane_id)[0].pk
    values = {
        "topic": "a passport",
        "reminded_at": NOW,
        "crowds": not booking.crowds,
        "lane_id": other_lane,
    }
    value = values[field]
    setattr(booking, field, value)
    SAVES[save](booking)
    assert getattr(Booking.objects.get(pk=booking.pk), field) == value


def test_a_field_set_before_the_confirmation_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    held = town.hold(town.office(), "9:00")
    confirm = transitions.confirm_with_pin

    def set_topic_and_confirm(booking: Booking, *arguments: object, **options: object) -> None:
        booking.topic = "a passport"
        confirm(booking, *arguments, **options)  # type: ignore[arg-type]  # handed on

    monkeypatch.setattr(booking_lifecycle, "confirm_with_pin", set_topic_and_confirm)
    Booking.objects.filter(pk=held.pk).update(channel=Channel.DESK)
    booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name="Jan Novák", email="jan@example.cz"), now=NOW
    )
    assert Booking.objects.get(pk=held.pk).topic == "a passport"


def test_only_what_changed_is_written_besides() -> None:
    """Another transaction's change of another field stays."""
    booking = Booking.objects.get(pk=town.confirmed(town.office(), "9:00").pk)
    Booking.objects.filter(pk=booking.pk).update(topic="by somebody else")
    booking.persons = 3
    booking.save(update_fields=["state"])
    stored = Booking.objects.get(pk=booking.pk)
    assert (stored.topic, stored.persons) == ("by somebody else", 3)


def test_what_was_saved_or_read_again_is_no_change_any_more() -> None:
    booking = Booking.objects.get(pk=town.confirmed(town.office(), "9:00").pk)
    booking.topic = "a passport"
    booking.save(update_fields=["topic"])
    assert booking.with_changed_fields(()) == ()
    booking.topic = "a driving licence"
    assert booking.with_changed_fields(()) == ("topic",)
    booking.refresh_from_db()
    assert booking.with_changed_fields(()) == ()


def test_a_field_that_was_not_read_is_written_only_once_it_is_set() -> None:
    pk = town.confirmed(town.office(), "9:00").pk
    booking = Booking.objects.only("state").get(pk=pk)
    assert booking.with_changed_fields(()) == ()
    assert booking.name  # read now
    assert booking.with_changed_fields(()) == ()
    booking.topic = "a passport"
    assert booking.with_changed_fields(("state",)) == ("state", "topic")
    booking.save(update_fields=["state"])
    assert Booking.objects.get(pk=pk).topic == "a passport"


def test_generated_columns_are_never_written() -> None:
    booking = Booking.objects.get(pk=town.confirmed(town.office(), "9:00").pk)
    booking.name = "Žaneta Nová"
    generated = [f.name for f in Booking._meta.concrete_fields if f.generated]
    assert generated
    assert not set(generated) & set(booking.with_changed_fields(()))
    assert isinstance(booking, models.Model)
