"""The worker's jobs for papers: checking and rendering documents, printing minutes as PDF."""

from __future__ import annotations

import hashlib
import logging
import shutil
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from prepazka.gateways import antivirus
from prepazka.gateways.pdf import minutes_pdf
from prepazka.gateways.pdf.draw import draw_pages
from prepazka.looks.templatetags.typo import clock, cs_date, long_date
from prepazka.meetings import (
    contents,
    documents,
    meeting_permissions,
    minutes,
    storage,
    storage_identity,
)
from prepazka.meetings.contents import Unfit
from prepazka.meetings.models import Document, DocumentState, Minutes
from prepazka.offices.languages import active_language
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id

log = logging.getLogger(__name__)
DRAWN = {Document.Kind.PDF, Document.Kind.IMAGE}
TEMPORARY = "prepazka-papers-"


def inspect_document(*, document: UUID, now: datetime) -> None:
    """Check one document; while the antivirus is away it stays unchecked until the next round."""
    document_row = Document.objects.filter(pk=document, state=DocumentState.CHECKING).first()
    if document_row is None:
        return
    with TemporaryDirectory(prefix=TEMPORARY) as temporary:
        file, folder = Path(temporary) / "said", Path(temporary) / "pages"
        folder.mkdir()
        try:
            _fetch(document_row, file)
            _must_be_clean(file)
            count = _inspect(document_row, file, folder)
        except antivirus.Away as away:
            log.warning("the antivirus did not judge a document: %s", away)
            return
        except Unfit as unfit:
            documents.refuse_document(document=document, reason=unfit.code, now=now)
            return
        rewritten = folder / storage.FILE  # a picture is passed on as it was re-encoded
        _store(document_row, folder)
        final = rewritten if rewritten.exists() else file
        size, digest = final.stat().st_size, _sha256(final)
        if not documents.accept_document(
            document=document, pages=count, size=size, sha256=digest, now=now
        ):
            storage.drop_folder(document_row.key)  # it was removed meanwhile


def _fetch(document: Document, file: Path) -> None:
    try:
        with storage.open_file(document.key, storage.FILE) as stored, file.open("wb") as copy:
            shutil.copyfileobj(stored, copy)
    except FileNotFoundError as error:
        raise Unfit("broken") from error


def _must_be_clean(file: Path) -> None:
    if not antivirus.configured():
        return
    with file.open("rb") as opened:
        if not antivirus.is_clean(opened):
            raise Unfit("infected")


def _inspect(document: Document, file: Path, folder: Path) -> int:
    with file.open("rb") as opened:
        kind = contents.type_of(opened)
    if kind is None or kind.kind != document.kind:
        raise Unfit("broken")
    if document.kind in DRAWN:
        return draw_pages(document.kind, file, folder)
    contents.look_inside(file, document.kind)
    return 0


def _store(document: Document, folder: Path) -> None:
    for page in sorted(folder.iterdir()):
        storage.put_file(document.key, page.name, page.read_bytes())


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def print_minutes(*, minutes_id: int, now: datetime) -> None:
    """Make and store the PDF of closed minutes, which causes the message to everybody."""
    minutes_row = Minutes.objects.select_related("meeting__booking__service").get(pk=minutes_id)
    if minutes_row.key or not minutes_row.closed_at:
        return
    storage_identity.note_first_use(now=now)
    minutes.store_pdf(minutes=minutes_id, pdf=_pdf_of(minutes_row), now=now)


def print_lost() -> None:
    """Make the PDFs of closed minutes that the storage has lost again, each independently."""
    lost = Minutes.objects.exclude(missing_since=None).exclude(closed_at=None)
    for row in lost.select_related("meeting__booking__service").order_by("pk"):
        try:
            minutes.replace_lost_pdf(minutes=row.pk, pdf=_pdf_of(row))
        except Exception:
            log.exception("the PDF of the minutes %s was lost and is not made anew", row.pk)


def _pdf_of(closed: Minutes) -> bytes:
    assert closed.closed_at  # noqa: S101  # the caller has looked
    office = snapshot_by_id(closed.office_id)
    with translation.override(settings.LANGUAGE_CODE), timezone.override(office.tz):
        return minutes_pdf.make_minutes_pdf(sheet_of(closed, office), at=closed.closed_at)


def sheet_of(closed_minutes: Minutes, office: OfficeSnapshot) -> minutes_pdf.Sheet:
    """The printed content of the minutes, in the active language and time zone."""
    assert closed_minutes.closed_at  # noqa: S101  # the caller has looked
    content, booking = closed_minutes.content, closed_minutes.meeting.booking
    begun = closed_minutes.meeting.started_at or booking.starts_at
    ended = closed_minutes.meeting.ended_at
    when = f"{long_date(begun)}, {clock(begun)}" + (f"–{clock(ended)}" if ended else "")
    closed = f"{cs_date(closed_minutes.closed_at)} {clock(closed_minutes.closed_at)}"
    sections = [
        (_("Present"), content["present"]),
        (_("Summary of the meeting"), content["course"]),
        (_("Conclusions"), content["conclusions"]),
    ]
    comments = closed_minutes.comments.select_related("participant__official").order_by("pk")
    return minutes_pdf.Sheet(
        lang=active_language(),
        title=_("Minutes of the meeting"),
        office=str(office.row.name),
        subject=content["subject"],
        facts=[
            (_("Subject"), content["subject"]),
            (_("When"), when),
            (_("Closed by"), f"{meeting_permissions.name_of(closed_minutes.closed_by)}, {closed}"),
        ],
        parts=[(name, text) for name, text in sections if text.strip()],
        tasks_word=_("Tasks"),
        columns=(_("Task"), _("Who"), _("Until")),
        tasks=[
            (task["what"], task["who"], _day(task["until"]))
            for task in content["tasks"]
            if task["what"].strip()
        ],
        comments_word=_("Comments by participants"),
        comments=[
            (meeting_permissions.name_of(comment.participant) or "–", comment.text)
            for comment in comments
        ],
        foot=_("Minutes of a meeting by video"),
        page=_("page"),
        replaced_note=_(
            "Some characters of the text are missing from the office's fonts. Their "
            "Unicode name or number is shown instead, in square brackets."
        ),
    )


def _day(until: str) -> str:
    return str(cs_date(datetime.fromisoformat(until).date())) if until else ""
