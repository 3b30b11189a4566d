"""Documents of a meeting: uploaded, checked by the worker, seen by the others, removed.

A file is stored before its row is created, and removed if the row cannot be. The office's row is
locked before the meeting's, so that its quota holds under concurrent uploads.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any
from uuid import UUID, uuid4

from django.conf import settings
from django.core.files.base import File
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext_noop

from prepazka.core import events
from prepazka.core.file_rules import MEGABYTE, MOST_DOCUMENTS
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.meetings import (
    contents,
    meeting_permissions,
    shown_pages,
    signals,
    storage,
    storage_identity,
)
from prepazka.meetings.models import Document, DocumentState, Meeting, Participant
from prepazka.offices.models import Office

CHUNK = 1 << 20


class FileTooLarge(Refused):
    """The file exceeds the limit for one document (`most` MB); send a smaller one."""

    message = gettext_noop("The file is too large. It must be %(most)s MB or smaller.")


class FileEmpty(Refused):
    """The file has no bytes; choose it again."""

    message = gettext_noop("The file is empty.")


class FileUnknown(Refused):
    """The content is of no accepted format, whatever the file's name says; convert it."""

    message = gettext_noop(
        "The file must be a PDF, a picture (JPEG, PNG, WebP) or a text document (ODT, DOCX)."
    )


class MeetingFull(Refused):
    """The documents of the meeting would exceed `most` MB; remove one or send a smaller one."""

    message = gettext_noop("The documents of one meeting can be at most %(most)s MB in total.")


class TooManyDocuments(Refused):
    """The meeting has `most` documents; remove one before adding another."""

    message = gettext_noop("This meeting already has %(most)s documents.")


class QuotaReached(Refused):
    """The office's documents fill its quota of storage; old ones must be erased first."""

    message = gettext_noop(
        "The office has no space left for documents. Please bring them another way."
    )


class NoDocument(Refused):
    """The meeting has no such document, or it was removed; reload the list."""

    message = gettext_noop("This document is no longer here.")


class FileLost(Refused):
    """The storage lacks the document's file; the person can upload it again."""

    message = gettext_noop(
        "We are sorry, the office has lost this file. If you have it, please give it to "
        "the office again."
    )


class NotYours(Refused):
    """The participant neither brought the document nor leads the meeting; it stays."""

    message = gettext_noop("Only the person who added the document or the official can remove it.")


@dataclass(frozen=True)
class Limits:
    """Upload limits: the office's own, at most the installation's. Sizes are in bytes."""

    largest: int
    meeting: int
    office: int
    number: int


@dataclass(frozen=True)
class Kept:
    """A stored file that has no row yet."""

    pk: UUID
    key: str
    name: str
    kind: contents.Type
    size: int
    sha256: str


def limits_of(office: Office) -> Limits:
    """The office's limits now, capped by the installation's, which may have been lowered since."""
    rules = office.file_rules

    def least(own_limit_mb: int | None, limit: int) -> int:
        return limit if own_limit_mb is None else min(own_limit_mb * MEGABYTE, limit)

    return Limits(
        largest=least(rules.largest_mb, settings.FILE_LARGEST),
        meeting=least(rules.meeting_mb, settings.FILES_OF_OFFICE),
        office=least(rules.office_mb, settings.FILES_OF_OFFICE),
        number=min(rules.number or MOST_DOCUMENTS, MOST_DOCUMENTS),
    )


def add_document(
    *,
    participant: UUID,
    link: int,
    name: str,
    file: File[bytes],
    now: datetime,
    actor: int | None = None,
) -> Document:
    """Store an uploaded file and request its check; others see it after the check.

    Raises as access.must_bring, and FileEmpty, FileTooLarge, FileUnknown, TooManyDocuments,
    MeetingFull, QuotaReached.
    """
    person = Participant.objects.select_related("meeting__booking", "office").get(pk=participant)
    meeting_permissions.check_may_bring_documents(person.meeting, person, link)
    stored_file = _store_file(person.meeting, name, file, limits_of(person.office).largest, now)
    try:
        return _create_document(participant, link, stored_file, now, actor)
    except BaseException:
        storage.drop_folder(stored_file.key)
        raise


def _store_file(
    meeting: Meeting, name: str, file: File[bytes], largest: int, now: datetime
) -> Kept:
    if not file.size:
        raise FileEmpty
    if file.size > largest:
        raise FileTooLarge(most=largest // MEGABYTE)
    kind = contents.type_of(file)
    if kind is None:
        raise FileUnknown
    pk, sha256 = uuid4(), _sha256(file)
    key = f"{storage.meeting_folder(meeting.office_id, meeting.pk)}/{pk.hex}"
    size = file.size
    storage_identity.note_first_use(now=now)
    storage.put_file(key, storage.FILE, file)
    return Kept(pk, key, contents.clean_name(name, kind.suffix), kind, size, sha256)


def _sha256(file: IO[bytes] | File[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


@transaction.atomic
def _create_document(
    participant: UUID, link: int, stored_file: Kept, now: datetime, actor: int | None
) -> Document:
    office = Participant.objects.values_list("office_id", flat=True).get(pk=participant)
    limits = limits_of(Office.objects.select_for_update(no_key=True).get(pk=office))
    meeting, person = meeting_permissions.lock_meeting(participant)
    meeting_permissions.check_may_bring_documents(meeting, person, link)
    existing = meeting.documents.exclude(state=DocumentState.REFUSED)
    if existing.count() >= limits.number:
        raise TooManyDocuments(most=limits.number)
    if _size_of(Document.objects.filter(office=office)) + stored_file.size > limits.office:
        raise QuotaReached
    if _size_of(existing) + stored_file.size > limits.meeting:
        raise MeetingFull(most=limits.meeting // MEGABYTE)
    document = Document.objects.create(
        id=stored_file.pk,
        office_id=office,
        meeting=meeting,
        participant=person,
        name=stored_file.name,
        kind=stored_file.kind.kind,
        size=stored_file.size,
        sha256=stored_file.sha256,
        key=stored_file.key,
        created_at=now,
    )
    event_fields: dict[str, Any] = {
        "office": office,
        "meeting": str(meeting.pk),
        "at": now,
        "actor": actor,
    }
    record(
        events.DocumentAdded(**event_fields, document=str(document.pk), participant=str(person.pk))
    )
    signals.send_signal(meeting.pk, "papers")
    return document


def _size_of(rows: QuerySet[Document]) -> int:
    return rows.exclude(state=DocumentState.REFUSED).aggregate(sum=Sum("size"))["sum"] or 0


@transaction.atomic
def accept_document(*, document: UUID, pages: int, size: int, sha256: str, now: datetime) -> bool:
    """Mark a document as checked and ready for everybody inside. False if it is gone."""
    checked = _lock_for_check(document)
    if checked is None:
        return False
    checked.state, checked.pages, checked.checked_at = DocumentState.READY, pages, now
    checked.size, checked.sha256 = size, sha256
    checked.save(update_fields=["state", "pages", "checked_at", "size", "sha256"])
    signals.send_signal(checked.meeting_id, "papers")
    return True


@transaction.atomic
def refuse_document(*, document: UUID, reason: str, now: datetime) -> bool:
    """Mark a document as refused; its file is deleted, the reason stays. False if it is gone."""
    checked = _lock_for_check(document)
    if checked is None:
        return False
    checked.state, checked.refusal, checked.checked_at = DocumentState.REFUSED, reason, now
    checked.save(update_fields=["state", "refusal", "checked_at"])
    event_fields: dict[str, Any] = {
        "office": checked.office_id,
        "meeting": str(checked.meeting_id),
        "at": now,
    }
    record(events.DocumentRefused(**event_fields, document=str(checked.pk), reason=reason))
    signals.send_signal(checked.meeting_id, "papers")
    transaction.on_commit(lambda: storage.drop_folder(checked.key))
    return True


def _lock_for_check(document: UUID) -> Document | None:
    """The document if it waits for its check; its meeting is locked."""
    Meeting.objects.select_for_update(no_key=True).filter(documents=document).first()
    return Document.objects.filter(pk=document, state=DocumentState.CHECKING).first()


@transaction.atomic
def remove_document(
    *, participant: UUID, link: int, document: UUID, now: datetime, actor: int | None = None
) -> None:
    """Delete a document. Raises as access.must_bring, and NoDocument, NotYours."""
    meeting, person = meeting_permissions.lock_meeting(participant)
    meeting_permissions.check_may_bring_documents(meeting, person, link)
    stored = meeting.documents.filter(pk=document).first()
    if stored is None:
        raise NoDocument
    if person.role != Participant.Role.CHAIR and stored.participant_id != person.pk:
        raise NotYours
    if meeting.shown_id == stored.pk:
        shown_pages.store_shown_page(meeting, None, 1)
    event_fields: dict[str, Any] = {
        "office": meeting.office_id,
        "meeting": str(meeting.pk),
        "at": now,
        "actor": actor,
    }
    record(
        events.DocumentRemoved(**event_fields, document=str(stored.pk), participant=str(person.pk))
    )
    key = stored.key
    stored.delete()
    signals.send_signal(meeting.pk, "papers")
    transaction.on_commit(lambda: storage.drop_folder(key))


def documents_seen_by(participant: Participant) -> QuerySet[Document]:
    """The documents the participant sees: their own, and once admitted others' ready ones."""
    rows = participant.meeting.documents.select_related("participant__official").order_by(
        "created_at"
    )
    own = rows.filter(participant=participant)
    if not meeting_permissions.sees_all_documents(participant.meeting, participant):
        return own
    return own | rows.filter(state=DocumentState.READY)
