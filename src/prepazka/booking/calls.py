"""The call list: whom the operators should telephone, because no message can reach them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from prepazka.booking.models import OPEN, Booking, CallListEntry, State

# Somebody whose visit is over or who cancelled it needs no call.
TO_BE_TOLD = (*OPEN, State.DISPLACED, State.CANCELLED_BY_OFFICE)


def put_on_call_list(
    *, booking: UUID, reason: str, now: datetime, offer: UUID | None = None
) -> None:
    """Put the person on the list, once, if there is a telephone number and still time to call."""
    found = Booking.objects.filter(pk=booking, state__in=TO_BE_TOLD, ends_at__gt=now)
    for office in found.exclude(phone="").values_list("office_id", flat=True):
        # Whoever is on the list already stays there with the first reason.
        CallListEntry.objects.bulk_create(
            [
                CallListEntry(
                    office_id=office,
                    booking_id=booking,
                    offer_id=offer,
                    reason=reason,
                    created_at=now,
                )
            ],
            ignore_conflicts=True,
        )
