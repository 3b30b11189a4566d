"""Erasing a person on request (GDPR, article 17), and again after a backup brought them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from prepazka.booking import slot_release
from prepazka.booking.booking_locks import lock_days, lock_list
from prepazka.booking.call_entries import close_calls
from prepazka.booking.models import (
    OPEN,
    Booking,
    BookingState,
    Busy,
    CallListEntry,
    Disruption,
    OfferState,
    ReplacedPin,
    WaitingListEntry,
)
from prepazka.booking.open_offers import withdraw_offers
from prepazka.booking.scheduled import ERASED as BOOKING_ERASED
from prepazka.booking.transitions import end_booking
from prepazka.booking.waiting_list import ENDED, leave_waiting_list
from prepazka.booking.waiting_list import ERASED as ENTRY_ERASED
from prepazka.core import events
from prepazka.journal.record import record
from prepazka.meetings import signals, storage
from prepazka.meetings.models import (
    ChatMessage,
    Document,
    Meeting,
    MeetingState,
    MinutesComment,
    Participant,
    Signal,
)
from prepazka.messaging.message_delivery import NO_LONGER_NEEDED
from prepazka.messaging.models import Message, MessageState
from prepazka.messaging.replies import forget_person
from prepazka.offices.models import HoursException, Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.privacy.models import ErasedRecord
from prepazka.privacy.records import PUBLIC, Records, lock_records, require_identity
from prepazka.privacy.refusals import ErasureNotConfirmed, MeetingIsRunning
from prepazka.privacy.registry import Root
from prepazka.privacy.remembered_erasures import is_remembered, remember_erased
from prepazka.queueing.models import Shift, TurnAlert
from prepazka.queueing.turn_alerts import NO_CONTACT, erase_contact

Outcome = CallListEntry.Outcome
OLD = timedelta(days=1)


@dataclass(frozen=True)
class Erased:
    """How many records were erased, and how many future bookings were cancelled."""

    records: int
    cancelled: int


@transaction.atomic
def erase_person(
    *,
    office: OfficeSnapshot,
    words: str,
    seen_token: str,
    chosen: Iterable[str],
    identity: str,
    confirmed: bool,
    now: datetime,
    actor: int,
) -> Erased:
    """Erase the chosen records of a person; future bookings are cancelled and their slots released.

    Anonymous rows stay for the statistics. The journal gets one event with counts and how identity
    was shown. Raises IdentityNotStated, ErasureNotConfirmed, PersonNotNamed, RecordsChanged,
    NoRecordChosen, MeetingIsRunning.
    """
    require_identity(identity)
    if not confirmed:
        raise ErasureNotConfirmed
    records = lock_records(office, words, seen_token=seen_token).chosen(chosen)
    keys = records.keys
    cancelled = _erase(keys, now=now, actor=actor)
    marks = [(root, pk) for root, pks in keys.items() for pk in pks]
    remember_erased(office.office_id, marks, now=now)
    record(
        events.PersonErased(
            office=office.office_id,
            at=now,
            actor=actor,
            identity=identity,
            cancelled=cancelled,
            **counts_of(records),
        )
    )
    return Erased(len(list(records.rows())), cancelled)


@transaction.atomic
def erase_again(*, office: Office, now: datetime) -> int:
    """Erase records that a backup brought back after their erasure on request. Returns how many."""
    remembered = set(ErasedRecord.objects.filter(office=office).values_list("key", flat=True))
    if not remembered:
        return 0
    people = Participant.objects.filter(office=office, role__in=PUBLIC)
    rows: Mapping[Root, Any] = {
        Root.BOOKING: Booking.objects.filter(office=office, erased_at=None),
        Root.ENTRY: WaitingListEntry.objects.filter(office=office, erased_at=None),
        Root.PARTICIPANT: people.exclude(name="", email=""),
        Root.ALERT: TurnAlert.objects.filter(office=office).exclude(NO_CONTACT),
    }
    keys = {
        root: [
            pk
            for pk in unerased.values_list("pk", flat=True).iterator()
            if is_remembered(remembered, root, pk)
        ]
        for root, unerased in rows.items()
    }
    count = sum(len(pks) for pks in keys.values())
    if count:
        _lock_all(office.pk, keys)
        _erase(keys, now=now, actor=None, even_if_running=True)
        record(
            events.PersonalDataErased(office=office.pk, bookings=len(keys[Root.BOOKING]), at=now)
        )
    return count


def counts_of(records: Records) -> dict[str, int]:
    """How many records of each kind, as fields of an event."""
    return {
        "bookings": len(records.bookings),
        "entries": len(records.entries),
        "invitations": len(records.participants),
        "alerts": len(records.alerts),
    }


def _lock_all(office: int, keys: Mapping[Root, list[UUID]]) -> None:
    entries = WaitingListEntry.objects.filter(pk__in=keys[Root.ENTRY])
    for agenda in sorted(set(entries.values_list("service__agenda", flat=True))):
        lock_list(agenda)
    lock_days(
        office,
        set(Booking.objects.filter(pk__in=keys[Root.BOOKING]).values_list("date", flat=True)),
    )


def _erase(
    keys: Mapping[Root, list[UUID]],
    *,
    now: datetime,
    actor: int | None,
    even_if_running: bool = False,
) -> int:
    """Erase the records and what belongs to them. Returns how many bookings were cancelled.

    The caller holds the locks. Raises MeetingIsRunning, unless `even_if_running`.
    """
    of_person = Q(booking__in=keys[Root.BOOKING]) | Q(participants__in=keys[Root.PARTICIPANT])
    running = Meeting.objects.filter(of_person, state=MeetingState.RUNNING)
    if not even_if_running and running.exists():
        raise MeetingIsRunning
    bookings = list(Booking.objects.filter(pk__in=keys[Root.BOOKING]).order_by("starts_at", "pk"))
    for pk in keys[Root.ENTRY]:
        leave_waiting_list(entry=pk, now=now)
    cancelled = sum(_cancel(booking, now=now, actor=actor) for booking in bookings)
    _erase_messages(keys)
    hashes = {booking.contact_hash for booking in bookings} - {""}
    forget_person(bookings=keys[Root.BOOKING], contact_hashes=hashes)
    _erase_participants(keys[Root.PARTICIPANT], now=now)
    alerts = TurnAlert.objects.filter(
        Q(pk__in=keys[Root.ALERT]) | Q(ticket__booking__in=keys[Root.BOOKING])
    )
    for ticket in alerts.order_by("ticket").values_list("ticket", flat=True):
        erase_contact(ticket)
    entries = WaitingListEntry.objects.filter(
        Q(pk__in=keys[Root.ENTRY]) | Q(booking__in=keys[Root.BOOKING])
    )
    entries.filter(state__in=ENDED).update(**ENTRY_ERASED, erased_at=now)
    Booking.objects.filter(pk__in=keys[Root.BOOKING]).update(**BOOKING_ERASED, erased_at=now)
    ReplacedPin.objects.filter(booking__in=keys[Root.BOOKING]).delete()
    return cancelled


def _cancel(booking: Booking, *, now: datetime, actor: int | None) -> bool:
    """End a booking that holds a slot or waits for one. Returns whether a visit was cancelled."""
    for pk in booking.waiting_list.exclude(state__in=ENDED).values_list("pk", flat=True):
        leave_waiting_list(entry=pk, now=now)
    if booking.state == BookingState.HELD:
        end_booking(booking, BookingState.EXPIRED, now)
        record(
            events.HoldReleased(
                office=booking.office_id, booking=str(booking.pk), at=now, actor=actor
            )
        )
        return False
    if booking.state not in {*OPEN, BookingState.DISPLACED}:
        close_calls(booking=booking, outcome=Outcome.WITHDRAWN, now=now)
        return False
    if booking.state == BookingState.DISPLACED:
        withdraw_offers(booking, now, state=OfferState.DECLINED)
    close_calls(booking=booking, outcome=Outcome.WITHDRAWN, now=now)
    keeps_time = booking.state in OPEN
    booking.sequence += 1
    end_booking(booking, BookingState.CANCELLED_BY_CITIZEN, now)
    if keeps_time:
        slot_release.delay_return(slot_release.Freed.of(booking), now=now)
    record(
        events.BookingCancelled(
            office=booking.office_id, booking=str(booking.pk), at=now, actor=actor, by="citizen"
        )
    )
    return True


def _erase_messages(keys: Mapping[Root, list[UUID]]) -> None:
    """Cancel queued messages of the person, and erase gateways' answers from all of theirs."""
    of_person = (
        Q(booking__in=keys[Root.BOOKING], participant=None)
        | Q(entry__in=keys[Root.ENTRY])
        | Q(participant__in=keys[Root.PARTICIPANT])
        | Q(alert__in=keys[Root.ALERT])
    )
    all_messages = Message.objects.filter(of_person | Q(booking__in=keys[Root.BOOKING]))
    all_messages.exclude(error="", gateway_id="").update(error="", gateway_id="")
    Message.objects.filter(of_person, state=MessageState.QUEUED).update(
        state=MessageState.FAILED, error=NO_LONGER_NEEDED
    )


def _erase_participants(pks: list[UUID], *, now: datetime) -> None:
    """Erase the participants' names, remarks and documents, and revoke their links."""
    people = Participant.objects.filter(pk__in=pks)
    for meeting in Meeting.objects.filter(shown__participant__in=pks):
        meeting.shown, meeting.shown_page = None, 1
        meeting.save(update_fields=["shown", "shown_page"])
    ChatMessage.objects.filter(participant__in=pks).delete()
    MinutesComment.objects.filter(participant__in=pks).delete()
    documents = Document.objects.filter(participant__in=pks)
    folders = list(documents.values_list("key", flat=True))
    documents.delete()
    for pk in people.values_list("meeting", flat=True).distinct():
        Signal.objects.filter(meeting=pk).delete()  # they may hold a line of the chat
        signals.send_signal(pk, "papers")
    people.filter(revoked_at=None).update(revoked_at=now)
    people.update(name="", email="")
    for folder in folders:
        transaction.on_commit(partial(storage.drop_folder, folder), robust=True)


def erase_traces(*, office: Office, now: datetime) -> None:
    """Empty texts that may name a client: of erased people's messages, and old staff notes."""
    erased = (
        Q(booking__erased_at__isnull=False)
        | Q(entry__erased_at__isnull=False)
        | Q(alert__isnull=False, created_at__lt=now - OLD)
    )
    traces = Message.objects.filter(erased, office=office).exclude(error="", gateway_id="")
    Message.objects.filter(pk__in=traces.values("pk")).update(error="", gateway_id="")
    since = now - timedelta(days=office.retention_days)
    Busy.objects.filter(office=office, ends_at__lt=since).exclude(title="").update(title="")
    Shift.objects.filter(office=office, closed_at__lt=since).exclude(pause_note="").update(
        pause_note=""
    )
    lasting = HoursException.objects.filter(Q(to_date=None) | Q(to_date__gte=since.date()))
    notes = Disruption.objects.filter(office=office, created_at__lt=since).exclude(note="")
    notes.exclude(exceptions__in=lasting).update(note="")
