"""Twenty requests of one network at once: each is counted, on whatever day the time is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from prepazka.booking import booking_lifecycle, networks
from prepazka.booking.models import Booking
from prepazka.booking.refusals import TooManyHolds
from prepazka.core.contact import Contact
from prepazka.core.hold_limits import CITIZEN, Asker
from prepazka.journal import rows
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import town
from tests.races.together import meet_before, together

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 20
NETWORK = Asker(("a", "b", "c"), CITIZEN)
DAYS = [town.MONDAY + timedelta(days=7 * week + n) for week in range(4) for n in range(5)]


def hold(office: OfficeSnapshot, number: int, clock: str) -> Booking:
    """A time of a day of its own, so that no lock of a day keeps the requests apart."""
    return town.hold(office, clock, day=DAYS[number], asker=NETWORK)


@pytest.fixture
def office() -> OfficeSnapshot:
    """One that already keeps fifteen times of the network: five more may come."""
    office = town.office(quota=8, horizon_days=40)
    for number in range(15):
        hold(office, number, "8:00")
    return office


def test_of_twenty_at_once_five_are_kept(office: OfficeSnapshot) -> None:
    answers = together(MANY, lambda n: hold(office, n, "10:00"))
    assert sum(isinstance(a, Booking) for a in answers) == 5, answers
    assert sum(isinstance(a, TooManyHolds) for a in answers) == MANY - 5


def test_control_without_the_lock_more_are_kept(
    office: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "lock_network", lambda *_: None)
    monkeypatch.setattr(rows, "insert_row", meet_before(8, rows.insert_row))
    answers = together(8, lambda n: hold(office, n, "10:00"))
    assert sum(isinstance(a, Booking) for a in answers) == 8, answers


def test_of_twenty_confirmed_without_a_click_at_once_six_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    office = town.office(quota=8, horizon_days=40, confirm_min=0)
    holds = [hold(office, number, "8:00") for number in range(MANY)]

    def book(number: int) -> Booking:
        return booking_lifecycle.request_confirmation(
            booking=holds[number].pk,
            contact=Contact(name="Jana", email=f"jana{number}@example.cz"),
            now=town.FRIDAY_BEFORE,
            asker=NETWORK,
        )

    answers = together(MANY, book)
    assert sum(isinstance(a, Booking) for a in answers) == 6, answers
    assert sum(isinstance(a, TooManyHolds) for a in answers) == MANY - 6

    # The control: without the lock, all eight count before the first is written.
    Booking.objects.all().delete()
    holds[:] = [hold(office, number, "8:00") for number in range(8)]
    monkeypatch.setattr(networks, "lock_network", lambda *_: None)
    monkeypatch.setattr(rows, "update_row", meet_before(8, rows.update_row))
    assert sum(isinstance(a, Booking) for a in together(8, book)) == 8
