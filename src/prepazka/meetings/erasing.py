"""Erasure of meetings after their bookings: chat, names, documents and minutes."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from prepazka.meetings import storage, storage_identity
from prepazka.meetings.models import ChatMessage, Document, Meeting, Minutes, Participant, Signal
from prepazka.offices.models import Office

Role = Participant.Role


def erase_meetings(*, office: Office, now: datetime) -> int:
    """Erase chat and names of meetings whose bookings are erased; returns how many.

    The rows stay. Runs in the caller's transaction, after the bookings.
    """
    due = Meeting.objects.filter(
        office=office, erased_at=None, booking__erased_at__isnull=False
    ).values_list("pk", flat=True)
    meetings = list(due)
    ChatMessage.objects.filter(meeting__in=meetings).delete()
    Signal.objects.filter(meeting__in=meetings).delete()
    # Officials stay: they took part for the office.
    public = Participant.objects.filter(meeting__in=meetings, role__in=(Role.CITIZEN, Role.GUEST))
    public.update(name="", email="")
    return Meeting.objects.filter(pk__in=meetings).update(address="", erased_at=now)


def erase_papers(*, office: Office, now: datetime) -> int:
    """Erase documents and minutes of meetings whose booking was erased; returns how many meetings.

    Files are deleted before rows, so an interrupted run continues the next night. Raises
    StorageNotOurs before anything is erased, because a file without a row would never be found.
    """
    documents = Exists(Document.objects.filter(meeting=OuterRef("pk")))
    minutes = Exists(Minutes.objects.filter(meeting=OuterRef("pk")))
    meetings = Meeting.objects.filter(office=office, booking__erased_at__lte=now)
    rows = list(meetings.filter(documents | minutes).values_list("pk", flat=True))
    if rows:
        storage_identity.check_storage_is_ours(now=now)
    for meeting in rows:
        storage.drop_folder(storage.meeting_folder(office.pk, meeting))
        with transaction.atomic():
            Meeting.objects.select_for_update(no_key=True).get(pk=meeting)
            Document.objects.filter(meeting=meeting).delete()
            Minutes.objects.filter(meeting=meeting).delete()
    return len(rows)
