"""Messages about offers and about entries on the waiting list: to whom, and what they speak of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from prepazka.booking.booking_links import random_short_code
from prepazka.booking.models import Booking, Offer, WaitingListEntry
from prepazka.journal.models import Event
from prepazka.messaging import kinds, message_delivery, sms
from prepazka.messaging.message_context import context_of_message
from prepazka.messaging.models import Message
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import town

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE


@pytest.fixture
def lhota() -> OfficeSnapshot:
    return town.office(quota=4)


def wish(where: OfficeSnapshot, **more: Any) -> WaitingListEntry:
    """Somebody who waits for any slot of a fortnight."""
    given = {"name": "Eva", "email": "eva@example.cz", "short_code": random_short_code(), **more}
    return WaitingListEntry.objects.create(
        office=where.row,
        service=town.service(where),
        from_date=town.MONDAY,
        to_date=town.MONDAY + timedelta(days=14),
        weekdays=[0, 1, 2, 3, 4],
        from_min=480,
        to_min=1020,
        queued_at=NOW,
        created_at=NOW,
        **given,
    )


def offer_to(where: OfficeSnapshot, *clocks: str, **to: Any) -> Offer:
    """An offer of slots at these times."""
    made = Offer.objects.create(
        office=where.row,
        kind="substitute" if "booking" in to else "waiting_list",
        short_code=random_short_code(),
        created_at=NOW,
        expires_at=NOW + timedelta(hours=6),
        **to,
    )
    for clock in clocks:
        held = town.hold(where, clock, NOW)
        Booking.objects.filter(pk=held.pk).update(offer=made)
    return made


def composed(monkeypatch: pytest.MonkeyPatch, where: OfficeSnapshot, **data: str) -> Message:
    monkeypatch.setitem(kinds.TO_PERSON, "DiaryChanged", kinds.KINDS["offer"])
    event = Event.objects.create(office=where.office_id, kind="DiaryChanged", data=data, at=NOW)
    return message_delivery.compose_messages(event=event.pk, now=NOW)[0]


def test_an_offer_leads_to_its_booking_and_numbers_its_slots(
    monkeypatch: pytest.MonkeyPatch, lhota: OfficeSnapshot
) -> None:
    booking = town.confirmed(lhota)
    offer = offer_to(lhota, "14:00", "10:00", "11:00", booking=booking)
    message = composed(monkeypatch, lhota, offer=str(offer.pk))
    assert (message.booking, message.entry, message.offer) == (booking, None, offer)
    assert (message.person.email, message.about) == (booking.email, f"booking:{booking.pk}")
    with translation.override("cs"), timezone.override(lhota.tz):
        context = context_of_message(message, lhota, now=NOW)
        said = sms.sms_placeholders(message, lhota)
    assert [(t.number, t.booking.starts_at) for t in context["slots"]] == [
        (1, town.at("10:00")),
        (2, town.at("11:00")),
        (3, town.at("14:00")),
    ]
    assert said["terms"].startswith("1) po 23.11. 10:00-11:00, 2) po 23.11. 11:00-12:00, 3) ")
    assert said["url"].endswith(f"/s/{offer.short_code}/")
    assert said["until"] == "20.11. 15:00"
    assert not message_delivery.is_pointless(message, NOW)
    assert message_delivery.is_pointless(message, offer.expires_at)


def test_an_entry_has_its_own_contact(
    monkeypatch: pytest.MonkeyPatch, lhota: OfficeSnapshot
) -> None:
    entry = wish(lhota)
    message = composed(monkeypatch, lhota, entry=str(entry.pk))
    assert (message.booking, message.entry, message.offer) == (None, entry, None)
    assert (message.person.name, message.about) == ("Eva", f"entry:{entry.pk}")
    offer = offer_to(lhota, "10:00", entry=entry)
    message = composed(monkeypatch, lhota, offer=str(offer.pk))
    assert (message.person, message.offer) == (entry, offer)
    with translation.override("cs"), timezone.override(lhota.tz):
        assert sms.sms_placeholders(message, lhota)["terms"] == "po 23.11. 10:00-11:00"
        assert context_of_message(message, lhota, now=NOW)["entry_url"].endswith(
            f"/s/{entry.short_code}/"
        )


def test_a_message_is_to_exactly_one(lhota: OfficeSnapshot) -> None:
    row = {"office": lhota.row, "kind": "offer", "event": 1, "created_at": NOW}
    for to in ({}, {"booking": town.confirmed(lhota), "entry": wish(lhota)}):
        with pytest.raises(IntegrityError, match="message_to_somebody"), transaction.atomic():
            Message.objects.create(**row, **to)
