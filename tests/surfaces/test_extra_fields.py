"""Fields that a form does not have change nothing, whatever column they are named after."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.accounts.models import User
from prepazka.booking.models import Booking, BookingState
from prepazka.offices.models import Membership
from prepazka.surfaces.api import api
from tests import citizen, town

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> citizen.Clock:
    """Friday before the Monday on which there are free times."""
    return citizen.Clock(monkeypatch)


def test_fields_that_a_form_does_not_have_change_nothing() -> None:
    office = town.office()
    client = Client()
    contact = citizen.take(client)
    columns = {one.name for one in Booking._meta.concrete_fields}
    more = dict.fromkeys(columns - {"name", "name_folded", "email", "phone", "persons"}, "1")
    before = Booking.objects.values(*more).get()
    more |= {"state": "confirmed", "pin": "1234", "office_id": str(office.office_id + 1)}
    answer = client.post(contact, more | {"name": "Jana", "email": "jana@example.cz"})
    assert answer.status_code == 302, "the form itself is taken"
    assert Booking.objects.values(*before).get() == before
    client.post(f"{contact}kontrola/", more)
    assert Booking.objects.get().state == BookingState.UNCONFIRMED
    assert not Booking.objects.get().pin


def test_nobody_gets_a_role_by_a_field_more() -> None:
    office = town.office()
    clerk = town.clerk(office)
    admin = Client()
    admin.force_login(town.clerk(office, "spravce", "administrator"))
    member = Membership.objects.get(user=clerk)
    own = Client()
    own.force_login(clerk)
    more = {"is_superuser": "on", "is_staff": "on", "role": "administrator", "username": "x"}
    new = {"oldpassword": "heslo heslo heslo", "password1": "modrá lavička u potoka"}
    own.post("/ucet/password/change/", new | {"password2": new["password1"]} | more)
    admin.post(f"/sprava/lhota/lide/{member.pk}/jmeno/", {"name": "Eva Nová"} | more)
    member.refresh_from_db()
    user = User.objects.get(pk=clerk.pk)
    assert user.check_password(new["password1"])
    assert (member.name, member.role) == ("Eva Nová", "clerk")
    assert (user.username, user.is_superuser, user.is_staff) == ("novakova", False, False)


def test_programs_neither(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "now", lambda: town.FRIDAY_BEFORE)
    town.office()
    wanted = {"service": "prepis", "starts_at": town.at("9:00").isoformat()}
    more = {"state": "confirmed", "pin": "1234", "expires_at": "2030-01-01T00:00:00Z"}
    answer = Client().post(
        "/api/v1/offices/lhota/holds",
        json.dumps(wanted | more),
        content_type="application/json",
        headers={"Idempotency-Key": str(uuid4())},
    )
    assert answer.status_code == 201
    booking = Booking.objects.get()
    assert (booking.state, booking.pin) == (BookingState.HELD, "")
    assert booking.expires_at
    assert booking.expires_at.year == 2026
