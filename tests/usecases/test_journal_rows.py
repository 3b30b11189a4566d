"""Rows by statements of our own are the rows that the ORM would read and write."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import models

from prepazka.booking.models import Booking
from prepazka.journal import rows
from prepazka.queueing import tickets
from prepazka.queueing.models import Ticket
from tests import town

pytestmark = pytest.mark.django_db


def values(row: models.Model) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_what_is_read_is_what_the_orm_reads() -> None:
    office = town.office()
    booking = town.confirmed(office, "9:00")
    ticket = tickets.issue_ticket(
        office=office, service=town.service(office), touch=uuid4(), now=town.at("9:00")
    )
    Ticket.objects.filter(pk=ticket.pk).update(reason={"code": "walk_in", "params": {}})
    for known in (Booking.objects.get(pk=booking.pk), Ticket.objects.get(pk=ticket.pk)):
        found = rows.select_one(
            type(known), f"FROM {known._meta.db_table} WHERE id = %s", [known.pk]
        )
        assert found
        assert values(found) == values(known)
        assert not found._state.adding


def test_nothing_is_none() -> None:
    assert rows.select_one(Booking, "FROM booking_booking WHERE id = %s", [uuid4()]) is None


def test_what_is_written_is_there_and_nothing_else_changes() -> None:
    office = town.office()
    booking = town.confirmed(office, "9:00")
    Booking.objects.filter(pk=booking.pk).update(phone="+420600000000")  # by somebody else
    booking.name, booking.persons = "Žaneta Nová", 3
    rows.update_row(booking, ("name", "persons"))
    stored = Booking.objects.get(pk=booking.pk)
    assert (stored.name, stored.persons, stored.phone) == ("Žaneta Nová", 3, "+420600000000")
    assert stored.name_folded == "zaneta nova"


def test_a_new_row_learns_its_key() -> None:
    office = town.office()
    made = [
        tickets.issue_ticket(
            office=office, service=town.service(office), touch=uuid4(), now=town.at("9:00")
        )
        for _ in range(2)
    ]
    assert [one.pk for one in made] == list(
        Ticket.objects.order_by("pk").values_list("pk", flat=True)
    )
    made[0].late = True
    made[0].save()  # it is known to be there
    assert Ticket.objects.filter(late=True).count() == 1
