"""Correcting name, e-mail address and telephone number in all places at once (GDPR, article 16)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from prepazka.booking.booking_links import random_short_code
from prepazka.booking.contacts import contact_hash
from prepazka.booking.models import Booking, WaitingListEntry
from prepazka.core import events
from prepazka.core.contact import Contact
from prepazka.journal.record import record
from prepazka.meetings.models import Participant
from prepazka.messaging.channels import channel_for
from prepazka.messaging.models import Message, MessageState
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.privacy.erasure import counts_of
from prepazka.privacy.records import lock_records, require_identity
from prepazka.privacy.refusals import NothingToCorrect
from prepazka.privacy.registry import Root
from prepazka.queueing.models import TurnAlert


@transaction.atomic
def correct_person(
    *,
    office: OfficeSnapshot,
    words: str,
    seen_token: str,
    chosen: Iterable[str],
    identity: str,
    correction: Contact,
    now: datetime,
    actor: int,
) -> int:
    """Write the correct values into the chosen records; returns how many records there were.

    An empty value of the `correction` leaves the field unchanged.
    Messages not yet sent go to the corrected contact, by the channel that it has. Raises
    IdentityNotStated, NothingToCorrect, PersonNotNamed, RecordsChanged, NoRecordChosen.
    """
    require_identity(identity)
    if not correction.filled:
        raise NothingToCorrect
    contacts = {Contact(email=correction.email).key, Contact(phone=correction.phone).key} - {""}
    hashes = [contact_hash(contact) for contact in contacts]
    records = lock_records(office, words, seen_token=seen_token, more_contacts=hashes).chosen(
        chosen
    )
    people: list[Booking | WaitingListEntry] = [*records.bookings, *records.entries]
    for row in people:
        _correct_contact(row, correction)
    for participant in Participant.objects.filter(pk__in=records.keys[Root.PARTICIPANT]):
        _correct(participant, correction, {"name", "email"})
    for alert in records.alerts:
        filled_fields = {field for field in ("email", "phone") if getattr(alert, field)}
        _correct(alert, correction, filled_fields)
    for row in people:
        _redirect_messages(row)
    for alert in records.alerts:
        _redirect_messages(alert)
    record(
        events.PersonCorrected(
            office=office.office_id,
            at=now,
            actor=actor,
            identity=identity,
            fields=correction.filled,
            **counts_of(records),
        )
    )
    return len(list(records.rows()))


def _correct(row: Any, correction: Contact, fields: set[str]) -> None:
    changed = [field for field in correction.filled if field in fields]
    for field in changed:
        setattr(row, field, getattr(correction, field))
    if changed:
        row.save(update_fields=changed)


def _correct_contact(row: Booking | WaitingListEntry, correction: Contact) -> None:
    """Correct a row that also stores a hash of its contact, for limits."""
    _correct(row, correction, {"name", "email", "phone"})
    contact = row.contact
    if contact.key:
        row.contact_hash = contact_hash(contact.key)
    if isinstance(row, Booking) and contact.by_phone_only and row.short_code is None:
        row.short_code = random_short_code()
    row.save(update_fields=["contact_hash", "short_code"])


def _redirect_messages(row: Booking | WaitingListEntry | TurnAlert) -> None:
    """Send messages not yet sent by the channel that the corrected contact has."""
    channel = channel_for(row, row.office)
    waiting = Message.objects.filter(
        pk__in=row.messages.filter(participant=None, state=MessageState.QUEUED).values("pk")
    )
    if channel:
        waiting.exclude(channel=channel).update(channel=channel, parts=0)
