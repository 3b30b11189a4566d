"""Forgetting meetings: with the booking's personal data goes what was said and who was there."""

from __future__ import annotations

from datetime import datetime

from prepazka.meetings.models import Meeting, Participant, Said, Signal
from prepazka.offices.models import Office

Role = Participant.Role


def erase_meetings(*, office: Office, now: datetime) -> int:
    """Erase the chat and the names of meetings whose bookings are erased; the rows stay.

    Runs in the caller's transaction, after the bookings. Returns how many meetings were erased.
    """
    due = Meeting.objects.filter(
        office=office, erased_at=None, booking__erased_at__isnull=False
    ).values_list("pk", flat=True)
    meetings = list(due)
    Said.objects.filter(meeting__in=meetings).delete()
    Signal.objects.filter(meeting__in=meetings).delete()
    # Officials were there by their office; who among the public was is forgotten.
    public = Participant.objects.filter(meeting__in=meetings, role__in=(Role.CITIZEN, Role.GUEST))
    public.update(name="", email="")
    return Meeting.objects.filter(pk__in=meetings).update(erased_at=now)
