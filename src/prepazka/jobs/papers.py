"""The worker's part in papers: documents are checked and drawn, closed minutes become a PDF."""

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
from prepazka.gateways.pdf import minutes as pdf
from prepazka.gateways.pdf.draw import draw
from prepazka.journal.models import Event
from prepazka.looks.templatetags.typo import clock, cs_date, long_date
from prepazka.meetings import access, contents, documents, minutes, storage, storage_identity
from prepazka.meetings.contents import Unfit
from prepazka.meetings.models import Document, Minutes
from prepazka.offices.directory import Directory, directory_by_id

log = logging.getLogger(__name__)
DRAWN = {Document.Kind.PDF, Document.Kind.IMAGE}
TEMPORARY = "prepazka-papers-"


def to_check(event: int | None = None) -> list[UUID]:
    """Documents that wait for their check: the one that an event brought, or all."""
    waiting = Document.objects.filter(state=Document.State.CHECKING)
    if event is not None:
        happened = Event.objects.filter(pk=event, kind="DocumentAdded").first()
        waiting = waiting.filter(pk=happened.data["document"]) if happened else waiting.none()
    return list(waiting.order_by("created_at").values_list("pk", flat=True))


def to_print(event: int | None = None) -> list[int]:
    """Closed minutes without their PDF: those an event closed, or all."""
    waiting = Minutes.objects.exclude(closed_at=None).filter(key="")
    if event is not None:
        happened = Event.objects.filter(pk=event, kind="MinutesClosed").first()
        waiting = waiting.filter(meeting=happened.data["meeting"]) if happened else waiting.none()
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def check(*, document: UUID, now: datetime) -> None:
    """Check one document; where the antivirus is away, it stays unchecked until the next round."""
    found = Document.objects.filter(pk=document, state=Document.State.CHECKING).first()
    if found is None:
        return
    with TemporaryDirectory(prefix=TEMPORARY) as made:
        file, folder = Path(made) / "said", Path(made) / "pages"
        folder.mkdir()
        try:
            _fetch(found, file)
            _must_be_clean(file)
            count = _look(found, file, folder)
        except antivirus.Away as away:
            log.warning("the antivirus did not judge a document: %s", away)
            return
        except Unfit as unfit:
            documents.refuse(document=document, reason=unfit.code, now=now)
            return
        written = folder / storage.FILE  # a picture is passed on as it was written anew
        _keep(found, folder)
        last = written if written.exists() else file
        size, digest = last.stat().st_size, _sha256(last)
        if not documents.accept(document=document, pages=count, size=size, sha256=digest, now=now):
            storage.drop(found.key)  # it was taken away meanwhile


def _fetch(found: Document, file: Path) -> None:
    try:
        with storage.get(found.key, storage.FILE) as kept, file.open("wb") as copy:
            shutil.copyfileobj(kept, copy)
    except FileNotFoundError as error:
        raise Unfit("broken") from error


def _must_be_clean(file: Path) -> None:
    if not antivirus.configured():
        return
    with file.open("rb") as opened:
        if not antivirus.is_clean(opened):
            raise Unfit("infected")


def _look(found: Document, file: Path, folder: Path) -> int:
    with file.open("rb") as opened:
        kind = contents.type_of(opened)
    if kind is None or kind.kind != found.kind:
        raise Unfit("broken")
    if found.kind in DRAWN:
        return draw(found.kind, file, folder)
    contents.look_inside(file, found.kind)
    return 0


def _keep(found: Document, folder: Path) -> None:
    for one in sorted(folder.iterdir()):
        storage.put(found.key, one.name, one.read_bytes())


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def print_minutes(*, which: int, now: datetime) -> None:
    """Make the PDF of closed minutes and keep it; the message to everybody follows from that."""
    found = Minutes.objects.select_related("meeting__booking__service").get(pk=which)
    if found.key or not found.closed_at:
        return
    storage_identity.note_first_use(now=now)
    minutes.put_pdf(minutes=which, pdf=_pdf_of(found), now=now)


def print_lost() -> None:
    """Make anew the PDFs of closed minutes that the storage has lost; each by itself."""
    lost = Minutes.objects.exclude(missing_since=None).exclude(closed_at=None)
    for row in lost.select_related("meeting__booking__service").order_by("pk"):
        try:
            minutes.replace_lost_pdf(minutes=row.pk, pdf=_pdf_of(row))
        except Exception:
            log.exception("the PDF of the minutes %s was lost and is not made anew", row.pk)


def _pdf_of(closed: Minutes) -> bytes:
    assert closed.closed_at  # noqa: S101  # the caller has looked
    office = directory_by_id(closed.office_id)
    with translation.override(settings.LANGUAGE_CODE), timezone.override(office.tz):
        return pdf.make(sheet_of(closed, office), at=closed.closed_at)


def sheet_of(found: Minutes, office: Directory) -> pdf.Sheet:
    """The minutes in words, in the active language and zone."""
    assert found.closed_at  # noqa: S101  # the caller has looked
    said, booking = found.content, found.meeting.booking
    begun = found.meeting.started_at or booking.starts_at
    ended = found.meeting.ended_at
    when = f"{long_date(begun)}, {clock(begun)}" + (f"–{clock(ended)}" if ended else "")
    closed = f"{cs_date(found.closed_at)} {clock(found.closed_at)}"
    parts = [
        (_("Present"), said["present"]),
        (_("Course of the meeting"), said["course"]),
        (_("Conclusions"), said["conclusions"]),
    ]
    comments = found.comments.select_related("participant__official").order_by("pk")
    return pdf.Sheet(
        lang=translation.get_language() or "cs",
        title=_("Minutes of the meeting"),
        office=str(office.office.name),
        subject=said["subject"],
        facts=[
            (_("Subject"), said["subject"]),
            (_("When"), when),
            (_("Closed by"), f"{access.name_of(found.closed_by)}, {closed}"),
        ],
        parts=[(name, text) for name, text in parts if text.strip()],
        tasks_word=_("Tasks"),
        columns=(_("Task"), _("Who"), _("Until")),
        tasks=[
            (one["what"], one["who"], _day(one["until"]))
            for one in said["tasks"]
            if one["what"].strip()
        ],
        comments_word=_("Remarks of participants"),
        comments=[(access.name_of(one.participant) or "–", one.text) for one in comments],
        foot=_("Minutes of a meeting by video"),
        page=_("page"),
        replaced_note=_(
            "Some characters of the text are in no font of the office. In their place stands their name or their number in Unicode, in square brackets."
        ),
    )


def _day(until: str) -> str:
    return str(cs_date(datetime.fromisoformat(until).date())) if until else ""
