"""Documents that people bring: added, checked by the worker, seen by the others, taken away.

A file lies in the storage before its row is there, and is removed if the row does not come. The
office's row is locked before the meeting's, so that its quota holds however many bring at once.
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

from prepazka.core import events
from prepazka.core.file_rules import MEGABYTE, MOST_DOCUMENTS
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.meetings import access, contents, showing, signals, storage, storage_identity
from prepazka.meetings.models import Document, Meeting, Participant
from prepazka.offices.models import Office

CHUNK = 1 << 20
State = Document.State


class FileTooLarge(Refused):
    """The file is too large; the largest that we accept is %(most)s MB."""


class FileEmpty(Refused):
    """The file is empty."""


class FileUnknown(Refused):
    """We accept PDF, pictures (JPEG, PNG, WebP) and texts (ODT, DOCX). This file is none of them."""


class MeetingFull(Refused):
    """All documents of one meeting may have %(most)s MB together."""


class TooManyDocuments(Refused):
    """There are already %(most)s documents in this meeting."""


class QuotaReached(Refused):
    """The office has no more room for documents. Please bring them in another way."""


class NoDocument(Refused):
    """This document is not here any more."""


class FileLost(Refused):
    """This file was lost at the office, we are sorry. If you have it, please give it to the office again."""


class NotYours(Refused):
    """Only who brought the document or the official can remove it."""


@dataclass(frozen=True)
class Limits:
    """How much may be brought: the office's limits below those of the installation, in bytes."""

    largest: int
    meeting: int
    office: int
    number: int


@dataclass(frozen=True)
class Kept:
    """A file in the storage that belongs to no row yet."""

    pk: UUID
    key: str
    name: str
    kind: contents.Type
    size: int
    sha256: str


def limits_of(office: Office) -> Limits:
    """What holds now; the installation may have lowered its own since the file was loaded."""
    own = office.file_rules

    def least(wanted: int | None, most: int) -> int:
        return most if wanted is None else min(wanted * MEGABYTE, most)

    return Limits(
        largest=least(own.largest_mb, settings.FILE_LARGEST),
        meeting=least(own.meeting_mb, settings.FILES_OF_OFFICE),
        office=least(own.office_mb, settings.FILES_OF_OFFICE),
        number=min(own.number or MOST_DOCUMENTS, MOST_DOCUMENTS),
    )


def add(
    *,
    participant: UUID,
    link: int,
    name: str,
    file: File[bytes],
    now: datetime,
    actor: int | None = None,
) -> Document:
    """Keep a file and have it checked; nobody else sees it before.

    Raises what access.must_bring does, and FileEmpty, FileTooLarge, FileUnknown,
    TooManyDocuments, MeetingFull, QuotaReached.
    """
    who = Participant.objects.select_related("meeting__booking", "office").get(pk=participant)
    access.must_bring(who.meeting, who, link)
    kept = _keep(who.meeting, name, file, limits_of(who.office).largest, now)
    try:
        return _add(participant, link, kept, now, actor)
    except BaseException:
        storage.drop(kept.key)
        raise


def _keep(meeting: Meeting, name: str, file: File[bytes], largest: int, now: datetime) -> Kept:
    if not file.size:
        raise FileEmpty
    if file.size > largest:
        raise FileTooLarge(most=largest // MEGABYTE)
    kind = contents.type_of(file)
    if kind is None:
        raise FileUnknown
    pk, sha256 = uuid4(), _sha256(file)
    key = f"{storage.folder(meeting.office_id, meeting.pk)}/{pk.hex}"
    size = file.size
    storage_identity.note_first_use(now=now)
    storage.put(key, storage.FILE, file)
    return Kept(pk, key, contents.clean_name(name, kind.suffix), kind, size, sha256)


def _sha256(file: IO[bytes] | File[bytes]) -> str:
    digest = hashlib.sha256()
    file.seek(0)
    while chunk := file.read(CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


@transaction.atomic
def _add(participant: UUID, link: int, kept: Kept, now: datetime, actor: int | None) -> Document:
    office = Participant.objects.values_list("office_id", flat=True).get(pk=participant)
    limits = limits_of(Office.objects.select_for_update(no_key=True).get(pk=office))
    meeting, who = access.lock(participant)
    access.must_bring(meeting, who, link)
    there = meeting.documents.exclude(state=State.REFUSED)
    if there.count() >= limits.number:
        raise TooManyDocuments(most=limits.number)
    if _size_of(Document.objects.filter(office=office)) + kept.size > limits.office:
        raise QuotaReached
    if _size_of(there) + kept.size > limits.meeting:
        raise MeetingFull(most=limits.meeting // MEGABYTE)
    made = Document.objects.create(
        id=kept.pk,
        office_id=office,
        meeting=meeting,
        participant=who,
        name=kept.name,
        kind=kept.kind.kind,
        size=kept.size,
        sha256=kept.sha256,
        key=kept.key,
        created_at=now,
    )
    said: dict[str, Any] = {"office": office, "meeting": str(meeting.pk), "at": now, "actor": actor}
    record(events.DocumentAdded(**said, document=str(made.pk), participant=str(who.pk)))
    signals.tell(meeting.pk, "papers")
    return made


def _size_of(rows: QuerySet[Document]) -> int:
    return rows.exclude(state=State.REFUSED).aggregate(sum=Sum("size"))["sum"] or 0


@transaction.atomic
def accept(*, document: UUID, pages: int, size: int, sha256: str, now: datetime) -> bool:
    """The check found nothing; everybody inside sees the document. False if it is gone."""
    found = _checked(document)
    if found is None:
        return False
    found.state, found.pages, found.checked_at = State.READY, pages, now
    found.size, found.sha256 = size, sha256
    found.save(update_fields=["state", "pages", "checked_at", "size", "sha256"])
    signals.tell(found.meeting_id, "papers")
    return True


@transaction.atomic
def refuse(*, document: UUID, reason: str, now: datetime) -> bool:
    """The check found what must not be passed on; the file goes, the reason stays."""
    found = _checked(document)
    if found is None:
        return False
    found.state, found.refusal, found.checked_at = State.REFUSED, reason, now
    found.save(update_fields=["state", "refusal", "checked_at"])
    said: dict[str, Any] = {"office": found.office_id, "meeting": str(found.meeting_id), "at": now}
    record(events.DocumentRefused(**said, document=str(found.pk), reason=reason))
    signals.tell(found.meeting_id, "papers")
    transaction.on_commit(lambda: storage.drop(found.key))
    return True


def _checked(document: UUID) -> Document | None:
    """The document that waits for its check, its meeting held."""
    Meeting.objects.select_for_update(no_key=True).filter(documents=document).first()
    return Document.objects.filter(pk=document, state=State.CHECKING).first()


@transaction.atomic
def remove(
    *, participant: UUID, link: int, document: UUID, now: datetime, actor: int | None = None
) -> None:
    """Take a document away for good. Raises as access.must_bring, and NoDocument, NotYours."""
    meeting, who = access.lock(participant)
    access.must_bring(meeting, who, link)
    found = meeting.documents.filter(pk=document).first()
    if found is None:
        raise NoDocument
    if who.role != Participant.Role.CHAIR and found.participant_id != who.pk:
        raise NotYours
    if meeting.shown_id == found.pk:
        showing.put(meeting, None, 1)
    said: dict[str, Any] = {
        "office": meeting.office_id,
        "meeting": str(meeting.pk),
        "at": now,
        "actor": actor,
    }
    record(events.DocumentRemoved(**said, document=str(found.pk), participant=str(who.pk)))
    key = found.key
    found.delete()
    signals.tell(meeting.pk, "papers")
    transaction.on_commit(lambda: storage.drop(key))


def seen_by(who: Participant) -> QuerySet[Document]:
    """What this participant may know of: their own, and once admitted what is ready of others."""
    rows = who.meeting.documents.select_related("participant__official").order_by("created_at")
    own = rows.filter(participant=who)
    if not access.sees_all(who.meeting, who):
        return own
    return own | rows.filter(state=State.READY)
