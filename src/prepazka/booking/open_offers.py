"""The open offer of substitute slots of a booking, and its end."""

from __future__ import annotations

from datetime import datetime

from prepazka.booking.models import Booking, BookingState, Offer, OfferState
from prepazka.core import events
from prepazka.journal.record import record


def withdraw_offers(
    booking: Booking, now: datetime, state: OfferState = OfferState.WITHDRAWN
) -> None:
    """End the booking's open offer, if any. The caller has locked its day."""
    offer = open_offer(booking)
    if offer is None:
        return
    end_offer(offer, state, now)
    kind = events.OfferDeclined if state == OfferState.DECLINED else events.OfferWithdrawn
    record(kind(office=offer.office_id, booking=str(booking.pk), offer=str(offer.pk), at=now))


def open_offer(booking: Booking) -> Offer | None:
    """The booking's unanswered offer, if any."""
    return Offer.objects.filter(booking=booking, state=OfferState.OPEN).first()


def end_offer(offer: Offer, state: OfferState, now: datetime) -> None:
    """End the offer and its holds; the booking may take one of the lanes in this transaction."""
    offer.state, offer.ended_at = state, now
    offer.save(update_fields=["state", "ended_at"])
    offer.claims.filter(state=BookingState.HELD).update(
        state=BookingState.EXPIRED, ended_at=now, expires_at=None
    )
