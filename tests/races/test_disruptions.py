"""Two heads, two clicks, a click and the clock: each ends one way, with nothing left over."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError

from prepazka.booking import booking_lifecycle, disruptions, impact_preview, offers, open_offers
from prepazka.booking.disruptions import apply_disruption, undo_disruption
from prepazka.booking.models import LIVE, Booking, Disruption, Offer
from prepazka.booking.refusals import ImpactChanged, OfferOver
from prepazka.core.contact import Contact
from prepazka.offices.models import HoursException, OpeningHours
from prepazka.offices.office_snapshot import snapshot_by_slug
from tests import officials, town
from tests.races.together import meet_before, together

pytestmark = pytest.mark.django_db(transaction=True)
NOW = town.FRIDAY_BEFORE


def absence() -> list[HoursException]:
    where = snapshot_by_slug("lhota")
    return [
        HoursException(
            office=where.row,
            official=officials.official(where),
            kind="closed",
            from_date=town.MONDAY,
            to_date=town.MONDAY,
        )
    ]


def _confirm(held: Booking) -> Booking:
    return booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name="Jana", email=f"{held.pk}@example.cz"), now=NOW
    )


def act(head: int, seen: str, rows: list[HoursException] | None = None) -> Disruption:
    return apply_disruption(
        office=snapshot_by_slug("lhota"),
        exceptions=rows or absence(),
        seen_token=seen,
        now=NOW,
        actor=head,
    )


@pytest.fixture
def head() -> int:
    return int(town.clerk(officials.office(), "vedouci", "head").pk)


def seen() -> str:
    where = snapshot_by_slug("lhota")
    return impact_preview.impact_of(office=where, exceptions=absence(), now=NOW).token


def displaced(head: int, *clocks: str) -> list[Offer]:
    people = [_confirm(officials.hold(snapshot_by_slug("lhota"), c, "novakova")) for c in clocks]
    act(head, seen())
    return [Offer.objects.get(booking=one) for one in people]


def test_two_heads_at_once_make_one_disruption(head: int) -> None:
    _confirm(officials.hold(snapshot_by_slug("lhota"), "8:00", "novakova"))
    token = seen()
    answers = together(2, lambda _: act(head, token))
    assert sorted(type(a).__name__ for a in answers) == ["Disruption", "ImpactChanged"]
    assert Offer.objects.count() == 1
    assert HoursException.objects.filter(official__code="novakova").count() == 1


def test_control_two_heads_without_the_token(head: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _confirm(officials.hold(snapshot_by_slug("lhota"), "8:00", "novakova"))
    token = seen()
    monkeypatch.setattr(disruptions, "ImpactChanged", ZeroDivisionError)
    answers = together(2, lambda _: act(head, token))
    # The second one is stopped by nothing but the comparison of the lists.
    assert sorted(type(a).__name__ for a in answers) == ["Disruption", "ZeroDivisionError"]


def test_a_link_clicked_twice_at_once_takes_one_slot(head: int) -> None:
    (offer,) = displaced(head, "8:00")
    answers = together(6, lambda n: offers.accept_offer(offer=offer.pk, choice=n % 3 + 1, now=NOW))
    assert {getattr(a, "pk", a) for a in answers} == {offer.booking_id}
    assert len({getattr(a, "starts_at", a) for a in answers}) == 1
    assert Booking.objects.filter(state__in=LIVE).count() == 1


def test_control_a_link_clicked_twice_without_the_lock(
    head: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (offer,) = displaced(head, "8:00")
    monkeypatch.setattr(
        offers, "lock_booking", lambda booking, *_days: Booking.objects.get(pk=booking)
    )
    monkeypatch.setattr(offers, "end_offer", meet_before(2, open_offers.end_offer))
    answers = together(2, lambda n: offers.accept_offer(offer=offer.pk, choice=n + 1, now=NOW))
    # Both believed the offer open, and each told its citizen another time.
    assert len({getattr(a, "starts_at", a) for a in answers}) == 2


def test_an_acceptance_and_the_end_of_the_offer(head: int) -> None:
    (offer,) = displaced(head, "8:00")
    last = offer.expires_at

    def do(number: int) -> object:
        if number:
            return offers.expire_offer(offer=offer.pk, now=last)
        return offers.accept_offer(offer=offer.pk, choice=3, now=last - timedelta(seconds=1))

    answers = together(2, do)
    booking = Booking.objects.get(offers=offer)
    offer.refresh_from_db()
    if isinstance(answers[0], OfferOver):
        assert (offer.state, booking.state) == ("expired", "cancelled_by_office")
    else:
        assert (offer.state, booking.state) == ("accepted", "confirmed")
    assert not Booking.objects.filter(state="held").exists()


def test_an_acceptance_and_an_undo(head: int) -> None:
    (offer,) = displaced(head, "8:00")
    made = Disruption.objects.get()
    was: datetime = town.at("8:00")

    def do(number: int) -> object:
        if number:
            return undo_disruption(disruption=made.pk, now=NOW, actor=head)
        return offers.accept_offer(offer=offer.pk, choice=1, now=NOW)

    answers = together(2, do)
    booking = Booking.objects.get(offers=offer)
    offer.refresh_from_db()
    assert booking.state == "confirmed"
    assert not Booking.objects.filter(state="held").exists()
    if isinstance(answers[0], OfferOver):
        assert (offer.state, booking.starts_at, answers[1]) == ("withdrawn", was, 1)
    else:
        assert (offer.state, answers[1]) == ("accepted", 0)
        assert booking.starts_at != was


def test_two_people_are_never_offered_the_last_slot(head: int) -> None:
    OpeningHours.objects.exclude(official__code="novakova").delete()
    HoursException.objects.all().delete()
    made = displaced(head, "8:00", "8:15")
    given = [(c.lane_id, c.starts_at) for one in made for c in one.claims.filter(state="held")]
    assert len(set(given)) == len(given)
    clicks = together(2, lambda n: offers.accept_offer(offer=made[n].pk, choice=1, now=NOW))
    assert len({getattr(a, "starts_at", a) for a in clicks}) == 2
    assert not [a for a in clicks if isinstance(a, (ImpactChanged, IntegrityError))]
