"""Records of one person in one office: proof of identity, finding, selecting, locking."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from prepazka.booking.booking_locks import lock_contact, lock_days, lock_list
from prepazka.booking.contacts import (
    clean_email,
    contact_hash,
    normalise_phone,
)
from prepazka.booking.models import Booking, Offer, OfferState, WaitingListEntry
from prepazka.core.booking_reference import ids_of
from prepazka.core.contact import Contact
from prepazka.core.contact_text import clean_text
from prepazka.core.phone_numbers import EXTENSION, plain_phone
from prepazka.core.refusal import Refused
from prepazka.meetings.models import Meeting, Participant
from prepazka.messaging.models import Message, MessageState
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.privacy.refusals import (
    IdentityNotStated,
    NoRecordChosen,
    PersonNotNamed,
    RecordsChanged,
)
from prepazka.privacy.registry import Root
from prepazka.queueing.models import TurnAlert
from prepazka.queueing.turn_alerts import NO_CONTACT

PUBLIC = (Participant.Role.CITIZEN, Participant.Role.GUEST)


@dataclass(frozen=True)
class Records:
    """All records of a person in one office that hold a contact, by kind."""

    bookings: list[Booking] = field(default_factory=list)
    entries: list[WaitingListEntry] = field(default_factory=list)
    participants: list[Participant] = field(default_factory=list)
    alerts: list[TurnAlert] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(self.rows())

    def rows(self) -> Iterable[tuple[Root, Any]]:
        """Yield each record with its kind."""
        yield from ((Root.BOOKING, booking) for booking in self.bookings)
        yield from ((Root.ENTRY, entry) for entry in self.entries)
        yield from ((Root.PARTICIPANT, participant) for participant in self.participants)
        yield from ((Root.ALERT, alert) for alert in self.alerts)

    @property
    def keys(self) -> dict[Root, list[UUID]]:
        """Primary keys by kind, with the participants who booked the meetings of the bookings."""
        keys: dict[Root, list[UUID]] = {root: [] for root in Root}
        for root, row in self.rows():
            keys[root].append(row.pk)
        booked_by_person = Participant.objects.filter(
            meeting__booking__in=keys[Root.BOOKING], role=Participant.Role.CITIZEN
        )
        keys[Root.PARTICIPANT] = sorted(
            {*keys[Root.PARTICIPANT], *booked_by_person.values_list("pk", flat=True)}
        )
        return keys

    @property
    def token(self) -> str:
        """A hash of what the administrator sees; it changes when one of the records does."""
        descriptions = [
            f"{root}:{row.pk}:{getattr(row, 'state', '')}:{getattr(row, 'starts_at', '')}"
            f":{getattr(row, 'name', '')}:{row.email}:{getattr(row, 'phone', '')}"
            for root, row in self.rows()
        ]
        return hashlib.sha256("\n".join(sorted(descriptions)).encode()).hexdigest()

    def chosen(self, values: Iterable[str]) -> Records:
        """The records whose `mark_of` is among the values. Raises NoRecordChosen if none is."""
        marks = set(values)
        selected = Records()
        lists: dict[Root, list[Any]] = {
            Root.BOOKING: selected.bookings,
            Root.ENTRY: selected.entries,
            Root.PARTICIPANT: selected.participants,
            Root.ALERT: selected.alerts,
        }
        for root, row in self.rows():
            if mark_of(root, row) in marks:
                lists[root].append(row)
        if not selected:
            raise NoRecordChosen
        return selected


def mark_of(root: Root, row: Any) -> str:
    """The value by which a form names the record."""
    return f"{root}:{row.pk}"


def find_records(office: OfficeSnapshot, words: str) -> Records:
    """The records with this e-mail address, telephone number or code of a booking, exactly.

    A code gives the booking and all records with its contact. Erased records have no contact and
    are left out. Raises PersonNotNamed.
    """
    words = clean_text(words)
    if ids := ids_of(words):
        named = Booking.objects.filter(office=office.row, pk__range=ids, erased_at=None)
        contacts = _Contacts()
        for booking in named:
            contacts |= _Contacts.of(booking)
        return _with(office, contacts, list(named))
    if "@" in words:
        with suppress(Refused):
            return _with(office, _Contacts(emails={clean_email(words).lower()}))
        raise PersonNotNamed
    with suppress(Refused):
        return _with(
            office, _Contacts(phones={normalise_phone(EXTENSION.sub("", plain_phone(words)))})
        )
    raise PersonNotNamed


@dataclass(frozen=True)
class _Contacts:
    emails: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, row: Booking) -> _Contacts:
        return cls({row.email.lower()} if row.email else set(), {row.phone} if row.phone else set())

    def __or__(self, more_contacts: _Contacts) -> _Contacts:
        return _Contacts(self.emails | more_contacts.emails, self.phones | more_contacts.phones)

    @property
    def hashes(self) -> list[str]:
        """Hashes as bookings and entries store them, of contacts without `+tag` or Gmail dots."""
        emails = {contact_hash(Contact(email=email).key) for email in self.emails}
        return sorted(emails | {contact_hash(Contact(phone=phone).key) for phone in self.phones})

    def matches(self, *, phone: bool = True, hashed: bool = True) -> Q:
        """Condition for rows with one of the contacts."""
        condition = Q(pk__in=[])
        for email in self.emails:
            condition |= Q(email__iexact=email)
        if phone and self.phones:
            condition |= Q(phone__in=self.phones)
        if hashed and self.hashes:
            condition |= Q(contact_hash__in=self.hashes)
        return condition


def _with(office: OfficeSnapshot, contacts: _Contacts, named: Iterable[Booking] = ()) -> Records:
    row = office.row
    bookings = Booking.objects.filter(
        contacts.matches() | Q(pk__in=[booking.pk for booking in named]), office=row, erased_at=None
    )
    entries = WaitingListEntry.objects.filter(
        contacts.matches() | Q(booking__in=bookings), office=row, erased_at=None
    )
    invited = Participant.objects.filter(
        contacts.matches(phone=False, hashed=False), office=row, role=Participant.Role.GUEST
    ).select_related("meeting__booking")
    alerts = TurnAlert.objects.filter(contacts.matches(hashed=False), office=row).exclude(
        NO_CONTACT
    )
    return Records(
        list(bookings.order_by("-starts_at", "pk")),
        list(entries.order_by("-created_at", "pk")),
        list(invited.order_by("-meeting__booking__starts_at", "pk")),
        list(alerts.select_related("ticket").order_by("-asked_at", "pk")),
    )


def lock_records(
    office: OfficeSnapshot, words: str, *, seen_token: str, more_contacts: Iterable[str] = ()
) -> Records:
    """Lock everything that can change these records, read them again and return them.

    Locks queued messages, waiting lists, days, meetings, contacts, always in this order. So a
    delivery under way ends first, and a booking of the person that is being confirmed is either
    among the records or waits for us. `seen_token` is the `Records.token` of what the
    administrator saw. Raises PersonNotNamed, and RecordsChanged where the token differs.
    """
    before = find_records(office, words)
    keys = before.keys
    list(_waiting_messages(keys).select_for_update(no_key=True).values_list("pk"))
    for agenda in sorted({entry.service.agenda_id for entry in before.entries}):
        lock_list(agenda)
    lock_days(office.office_id, _days(before))
    of_person = Q(booking__in=keys[Root.BOOKING]) | Q(participants__in=keys[Root.PARTICIPANT])
    meetings = Meeting.objects.filter(pk__in=Meeting.objects.filter(of_person).values("pk"))
    list(meetings.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    hashes = {booking.contact_hash for booking in before.bookings}
    hashes |= {entry.contact_hash for entry in before.entries}
    for key in sorted((hashes | set(more_contacts)) - {""}):
        lock_contact(key)
    locked = find_records(office, words)
    if locked.token != seen_token or locked.token != before.token:
        raise RecordsChanged
    return locked


def _waiting_messages(keys: dict[Root, list[UUID]]) -> Any:
    about = (
        Q(booking__in=keys[Root.BOOKING])
        | Q(entry__in=keys[Root.ENTRY])
        | Q(participant__in=keys[Root.PARTICIPANT])
        | Q(alert__in=keys[Root.ALERT])
    )
    return Message.objects.filter(about, state=MessageState.QUEUED).order_by("pk")


def _days(records: Records) -> set[date]:
    """Days of the bookings, and of every slot that an offer holds for the person."""
    offers = Offer.objects.filter(
        Q(booking__in=records.bookings) | Q(entry__in=records.entries), state=OfferState.OPEN
    )
    offered_days = Booking.objects.filter(offer__in=offers).values_list("date", flat=True)
    moving = [entry.booking_id for entry in records.entries if entry.booking_id]
    entry_days = Booking.objects.filter(pk__in=moving).values_list("date", flat=True)
    return {*(booking.date for booking in records.bookings), *offered_days, *entry_days}


def is_upcoming(booking: Booking, now: datetime) -> bool:
    """Whether the booking still holds a slot, or waits for one."""
    return booking.ends_at > now and booking.state in AHEAD


AHEAD = ("held", "unconfirmed", "confirmed", "displaced")


# Codes, so that no event holds words about a person.
IDENTITIES: Mapping[str, Promise] = {
    "document": gettext_lazy("identity card or passport, seen at the office"),
    "data_box": gettext_lazy("message from the person's own data box"),
    "signature": gettext_lazy("letter or e-mail with a recognised electronic signature"),
    "contact": gettext_lazy("answer to a message that we sent to the address or number on record"),
    "representative": gettext_lazy("representative with a power of attorney or a court decision"),
}


def require_identity(identity: str) -> None:
    """Raise IdentityNotStated unless it is one of IDENTITIES."""
    if identity not in IDENTITIES:
        raise IdentityNotStated
