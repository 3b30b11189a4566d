"""Documents that people bring to a meeting: what is let in, what is not, who sees what."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from prepazka.booking.models import Booking
from prepazka.core import file_rules
from prepazka.core.refusal import Refused
from prepazka.jobs import document_jobs
from prepazka.journal.models import Event
from prepazka.meetings import contents, documents, room, shown_pages, storage
from prepazka.meetings.erasing import erase_papers
from prepazka.meetings.models import Document, Meeting, Participant, Signal
from prepazka.offices.models import Office
from tests import papers, town
from tests.meetings_town import Held, held

pytestmark = pytest.mark.django_db
NOW = town.at("8:58")


@pytest.fixture(autouse=True)
def kept(files: Path) -> Path:
    return files


@pytest.fixture
def here() -> Held:
    return held()


def bring(
    here: Held, content: bytes, name: str = "příloha.pdf", who: Participant | None = None
) -> Document:
    """Add a document and have it checked."""
    whose = who or here.citizen
    made = documents.add_document(
        participant=whose.pk, link=1, name=name, file=papers.file(content), now=NOW
    )
    document_jobs.inspect_document(document=made.pk, now=NOW)
    return Document.objects.get(pk=made.pk)


def names_in(kept: Path) -> list[str]:
    files = (one.name for one in kept.rglob("*") if one.is_file())
    return sorted(name for name in files if name != storage.MARKER)


def test_a_pdf_becomes_pages(here: Held, kept: Path) -> None:
    made = bring(here, papers.pdf("Zadost o grant", pages=3), "../../Žádost\u202efdp.exe.PDF")
    assert (made.state, made.kind, made.pages) == ("ready", "pdf", 3)
    assert made.name == "Žádost fdp.exe.pdf", "no folder, nothing that turns the writing"
    assert names_in(kept) == ["1.txt", "1.webp", "2.txt", "2.webp", "3.txt", "3.webp", "file"]
    with storage.open_file(made.key, storage.page_file_name(2)) as drawn:
        assert Image.open(drawn).width == pytest.approx(1600, abs=1)
    with storage.open_file(made.key, storage.text_file_name(2)) as words:
        assert words.read().decode().split() == ["Zadost", "o", "grant", "Strana", "2"]
    found = Event.objects.filter(kind__startswith="Document").order_by("pk")
    kinds = list(found.values_list("kind", flat=True))
    assert kinds == ["DocumentAdded"]
    assert "grant" not in json.dumps(list(Event.objects.values_list("data", flat=True)))


def active_pdf(kind: str, **save: Any) -> bytes:
    """A PDF of two pages with something in it that starts, leads out or is attached."""
    import pikepdf  # noqa: PLC0415  # heavy, and only here
    from pikepdf import Array, Dictionary, Name  # noqa: PLC0415

    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(papers.pdf("Zadost", pages=2))) as opened:
        script = Dictionary(S=Name.JavaScript, JS="app.alert('zlo')")
        if kind == "script":
            opened.Root.OpenAction = opened.make_indirect(script)
        elif kind == "named script":
            opened.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array(["a", script])))
        elif kind == "page action":
            opened.pages[1].obj.AA = Dictionary(O=script)
        elif kind == "attachment":
            opened.attachments["zlo.exe"] = b"MZ zlo"
        elif kind:
            action = Dictionary(S=Name(f"/{kind}"), F="zlo.exe")
            annotation = Dictionary(
                Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 90, 90]), A=action
            )
            opened.pages[0].obj.Annots = Array([opened.make_indirect(annotation)])
        opened.save(made, **save)
    return made.getvalue()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    "kind",
    ["script", "named script", "page action", "attachment", "Launch", "SubmitForm", "GoToR"],
)
def test_of_an_active_pdf_only_the_drawn_pages_are_passed_on(
    here: Held, kind: str, *, packed: bool
) -> None:
    import pikepdf  # noqa: PLC0415  # heavy, and only here

    save: dict[str, Any] = {}
    if packed:
        save = {
            "object_stream_mode": pikepdf.ObjectStreamMode.generate,
            "encryption": pikepdf.Encryption(owner="a", user=""),
        }
    brought = active_pdf(kind, **save)
    made = bring(here, brought)
    assert (made.state, made.pages) == ("ready", 2)
    with storage.open_file(made.key, storage.FILE) as kept:
        content = kept.read()
    assert (len(content), content[:5]) == (made.size, b"%PDF-")
    assert content != brought
    with pikepdf.open(io.BytesIO(content)) as passed_on:
        assert len(passed_on.pages) == 2
        assert not passed_on.attachments
        names = {str(k) for one in passed_on.objects if hasattr(one, "keys") for k in one}
    assert not names & {"/OpenAction", "/AA", "/JS", "/Names", "/Annots", "/EF", "/A"}


def test_an_ordinary_pdf_is_passed_on_as_it_is(here: Held) -> None:
    """The control; with an address on the page that somebody has to press."""
    brought = active_pdf("URI")
    made = bring(here, brought)
    with storage.open_file(made.key, storage.FILE) as kept:
        assert kept.read() == brought


def relation(kind: str, target: str, mode: str = "External") -> bytes:
    space = "http://schemas.openxmlformats.org"
    return (
        f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship Id="rId1" '
        f'Type="{space}/officeDocument/2006/relationships/{kind}" Target="{target}" '
        f'TargetMode="{mode}"/></Relationships>'
    ).encode()


def content_of_odt(element: str) -> bytes:
    return (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink">{element}</office:document-content>'
    ).encode()


RELS = "word/_rels/document.xml.rels"
OUTSIDE = "http://zlo.example/a"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            papers.docx({"word/_rels/settings.xml.rels": relation("attachedTemplate", OUTSIDE)}),
            "outside",
        ),
        (papers.docx({RELS: relation("image", OUTSIDE)}), "outside"),
        (papers.docx({RELS: relation("oleObject", "file:///c:/a.doc")}), "outside"),
        (papers.docx({RELS: relation("frame", "//zlo/a")}), "outside"),
        (papers.docx({RELS: relation("hyperlink", "file://zlo/a")}), "outside"),
        (papers.docx({RELS: relation("hyperlink", "ms-msdt:/id x")}), "outside"),
        (papers.docx({RELS: b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"}), "broken"),
        (papers.docx({"word/embeddings/oleObject1.bin": b"x"}), "embedded"),
        (papers.docx({"word/embeddings/Sesit1.xlsx": b"PK"}), "embedded"),
        (papers.docx({"word/media/a.png": contents.OLE + b"x"}), "embedded"),
        (papers.odt({"Object 1": contents.OLE + b"x"}), "embedded"),
        (papers.odt({"ObjectReplacements/Object 1": b"x"}), "embedded"),
        (
            papers.odt({"content.xml": content_of_odt(f'<draw:image xlink:href="{OUTSIDE}"/>')}),
            "outside",
        ),
        (
            papers.odt({"content.xml": content_of_odt('<draw:object xlink:href="//zlo/a"/>')}),
            "outside",
        ),
        (
            papers.odt({"content.xml": content_of_odt('<text:a xlink:href="file:///a"/>')}),
            "outside",
        ),
    ],
)
def test_texts_that_load_or_hold_something_else(here: Held, content: bytes, reason: str) -> None:
    made = bring(here, content)
    assert (made.state, made.refusal) == ("refused", reason)


def test_texts_with_ordinary_links_and_pictures(here: Held) -> None:
    """The control: what people write is passed on."""
    link = f'<text:a xlink:href="{OUTSIDE}"/><draw:image xlink:href="Pictures/a.png"/>'
    for content in (
        papers.docx(
            {RELS: relation("hyperlink", "https://urad.example/"), "word/media/a.png": b"x"}
        ),
        papers.docx({RELS: relation("hyperlink", "mailto:a@b.example")}),
        papers.docx({RELS: relation("image", "media/a.png", "Internal")}),
        papers.odt({"content.xml": content_of_odt(link), "Pictures/a.png": b"x"}),
    ):
        assert bring(here, content).state == "ready"


@pytest.mark.parametrize("name", ["sesit.xlsx", "snimky.pptx", "stary.doc"])
def test_tables_slides_and_old_texts_are_not_taken(here: Held, name: str) -> None:
    kind = "xl/workbook.xml" if name.endswith("xlsx") else "ppt/presentation.xml"
    content = papers.packed({"[Content_Types].xml": b"<Types/>", kind: b"<x/>"})
    with pytest.raises(documents.FileUnknown):
        bring(here, contents.OLE + bytes(600) if name.endswith("doc") else content, name)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_written_anew(here: Held, form: str) -> None:
    made = bring(here, papers.picture(form, place=form == "JPEG"), "IMG 1.jpeg")
    suffix = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}[form]
    assert (made.state, made.pages) == ("ready", 1)
    assert made.name.endswith(suffix)
    with storage.open_file(made.key, storage.FILE) as kept:
        content = kept.read()
    assert len(content) == made.size
    assert b"Veselych" not in content
    again = Image.open(io.BytesIO(content))
    assert not again.getexif()
    assert again.size == ((32, 64) if form == "JPEG" else (64, 32)), "upright"


@pytest.mark.parametrize("make", [papers.odt, papers.docx])
def test_texts_are_only_passed_on(here: Held, make: Any) -> None:
    made = bring(here, make(), "dopis")
    assert (made.state, made.pages) == ("ready", 0)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (papers.PROGRAM, "faktura.pdf"),
        (b"<html><script>alert(1)</script>", "a.pdf"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.png"),
        (papers.packed({"a.txt": b"x"}), "a.docx"),
        (b"PK\x03\x04 no archive", "a.odt"),
        (papers.picture("GIF"), "a.gif"),
    ],
)
def test_what_is_none_of_the_kinds_is_refused_at_once(
    here: Held, kept: Path, content: bytes, name: str
) -> None:
    with pytest.raises(documents.FileUnknown):
        bring(here, content, name)
    assert not Document.objects.exists()
    assert not names_in(kept)


def forged() -> bytes:
    """A file of the zip that says it is small and is not."""
    whole = bytearray(papers.odt({"content.xml": bytes(5_000_000)}))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        found = whole.rindex(mark)
        whole[found + at : found + at + 4] = (1000).to_bytes(4, "little")
    return bytes(whole)


def encrypted() -> bytes:
    import pikepdf  # noqa: PLC0415  # heavy, and only here

    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(papers.pdf())) as opened:
        opened.save(made, encryption=pikepdf.Encryption(owner="a", user="b"))
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (papers.pdf()[:200] + b"nonsense", "broken"),
        (b"\xff\xd8\xff\xe0 no picture", "broken"),
        (papers.odt({"big": bytes(contents.LARGEST_INSIDE + 1)}), "bomb"),
        (forged(), "broken"),
        (papers.odt({"Basic/Standard/Module1.xml": b"Sub Main"}), "macros"),
        (papers.docx({"word/vbaProject.bin": b"x"}), "macros"),
        (papers.docx(kind="ms-word.document.macroEnabled.main+xml"), "macros"),
        (papers.pdf(pages=201), "too_many_pages"),
        (encrypted(), "encrypted"),
    ],
    ids="pdf picture bomb forged odt-macro docx-macro docm pages encrypted".split(),
)
def test_what_the_check_refuses(here: Held, kept: Path, content: bytes, reason: str) -> None:
    made = bring(here, content)
    assert (made.state, made.refusal) == ("refused", reason)
    refused = Event.objects.get(kind="DocumentRefused").data
    assert refused == {"meeting": str(here.meeting.pk), "document": str(made.pk), "reason": reason}


def test_a_picture_bomb_is_not_unpacked(here: Held) -> None:
    made = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(made, "PNG")
    assert bring(here, made.getvalue(), "b.png").refusal == "bomb"


def test_refused_files_are_not_kept(
    here: Held, kept: Path, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        bring(here, papers.docx({"word/vbaProject.bin": b"x"}))
    assert not names_in(kept)


def test_limits(here: Held, settings: Any, kept: Path) -> None:
    settings.FILE_LARGEST = 2000
    with pytest.raises(documents.FileTooLarge):
        bring(here, papers.pdf(pages=20))
    with pytest.raises(documents.FileEmpty):
        bring(here, b"")
    settings.FILES_OF_OFFICE = len(papers.pdf()) * 2
    for _ in range(2):
        bring(here, papers.pdf())
    before = names_in(kept)
    with pytest.raises(documents.QuotaReached):
        bring(here, papers.pdf())
    assert names_in(kept) == before, "what found no place is not kept"
    settings.FILES_OF_OFFICE = 10**9
    Document.objects.update(size=1)
    for _ in range(file_rules.MOST_DOCUMENTS - 2):
        documents.add_document(
            participant=here.citizen.pk, link=1, name="a", file=papers.file(papers.pdf()), now=NOW
        )
    with pytest.raises(documents.TooManyDocuments):
        bring(here, papers.pdf())


def test_an_office_has_lower_limits_and_never_higher_ones(here: Held, settings: Any) -> None:
    def limit(**rules: int) -> None:
        Office.objects.update(files_data=rules)

    paper, one = papers.pdf(), file_rules.MEGABYTE
    settings.FILE_LARGEST, settings.FILES_OF_OFFICE = 9 * one, 90 * one
    limit(largest_mb=50, meeting_mb=5000, office_mb=5000, number=99)
    here.office.row.refresh_from_db()
    found = documents.limits_of(here.office.row)
    assert found == documents.Limits(9 * one, 90 * one, 90 * one, file_rules.MOST_DOCUMENTS)
    limit(largest_mb=1)
    with pytest.raises(documents.FileTooLarge) as large:
        bring(here, paper + b" " * one)
    assert large.value.params == {"most": 1}
    limit(number=1)
    bring(here, paper)
    with pytest.raises(documents.TooManyDocuments):
        bring(here, paper)
    Document.objects.update(size=2 * one)
    limit(meeting_mb=2)
    with pytest.raises(documents.MeetingFull):
        bring(here, paper)
    limit(office_mb=2)
    with pytest.raises(documents.QuotaReached):
        bring(here, paper)
    limit()
    bring(here, paper)


def refused(kind: type[Refused], act: Any, **more: Any) -> None:
    with pytest.raises(kind):
        act(**more)


def test_who_may_bring(here: Held) -> None:
    put: dict[str, Any] = {"name": "a", "file": papers.file(papers.pdf()), "now": NOW}
    refused(room.LinkRevoked, documents.add_document, participant=here.citizen.pk, link=2, **put)
    Participant.objects.filter(pk=here.guest.pk).update(place="removed")
    refused(room.RemovedFromRoom, documents.add_document, participant=here.guest.pk, link=1, **put)
    Meeting.objects.update(state="ended")
    refused(room.MeetingOver, documents.add_document, participant=here.citizen.pk, link=1, **put)
    Booking.objects.update(state="cancelled_by_citizen")
    refused(
        room.MeetingCancelled, documents.add_document, participant=here.citizen.pk, link=1, **put
    )


def names(who: Participant) -> set[str]:
    return {one.name for one in documents.documents_seen_by(Participant.objects.get(pk=who.pk))}


def test_who_sees_what(here: Held) -> None:
    bring(here, papers.pdf(), "od občana")
    bring(here, papers.pdf(), "od hosta", here.guest)
    assert names(here.citizen) == {"od občana.pdf"}, "nothing of others before being admitted"
    assert names(here.chair) == {"od občana.pdf", "od hosta.pdf"}
    here.enter(here.chair, NOW)
    here.enter(here.citizen, NOW)
    assert names(here.citizen) == {"od občana.pdf"}, "nor in the lobby"
    room.admit_participant(chair=here.chair.pk, participant=here.citizen.pk, now=NOW)
    assert names(here.citizen) == {"od občana.pdf", "od hosta.pdf"}
    room.end_meeting(chair=here.chair.pk, now=NOW)
    assert names(here.citizen) == {"od občana.pdf", "od hosta.pdf"}
    assert names(here.guest) == {"od hosta.pdf"}, "who was never let in"


def test_removing(here: Held, kept: Path, django_capture_on_commit_callbacks: Any) -> None:
    mine = bring(here, papers.pdf())
    act: dict[str, Any] = {"document": mine.pk, "link": 1, "now": NOW}
    refused(documents.NotYours, documents.remove_document, participant=here.guest.pk, **act)
    here.enter(here.chair, NOW)
    shown_pages.show_page(participant=here.chair.pk, seat=here.seat(here.chair), document=mine.pk)
    with django_capture_on_commit_callbacks(execute=True):
        documents.remove_document(participant=here.citizen.pk, **act)
    assert not names_in(kept)
    assert Meeting.objects.get().shown is None
    refused(documents.NoDocument, documents.remove_document, participant=here.chair.pk, **act)
    other = bring(here, papers.pdf())
    documents.remove_document(participant=here.chair.pk, **act | {"document": other.pk})


def test_one_leads_and_all_see_the_same_page(here: Held) -> None:
    made = bring(here, papers.pdf(pages=3))
    text = bring(here, papers.odt())
    for who in (here.chair, here.citizen):
        here.enter(who, NOW)
    room.admit_participant(chair=here.chair.pk, participant=here.citizen.pk, now=NOW)
    chair: dict[str, Any] = {"participant": here.chair.pk, "seat": here.seat(here.chair)}
    citizen: dict[str, Any] = {"participant": here.citizen.pk, "seat": here.seat(here.citizen)}
    shown_pages.show_page(**chair, document=made.pk, page=2)
    told = Signal.objects.filter(kind="page").latest("pk")
    assert told.body == {"document": str(made.pk), "page": 2, "leader": None}
    refused(shown_pages.NotLeading, shown_pages.show_page, **citizen, document=made.pk, page=3)
    refused(room.OnlyTheChair, shown_pages.give_lead, **citizen, to=here.citizen.pk)
    refused(room.NotInside, shown_pages.give_lead, **chair, to=here.guest.pk)
    shown_pages.give_lead(**chair, to=here.citizen.pk)
    shown_pages.show_page(**citizen, document=made.pk, page=3)
    assert Meeting.objects.get().shown_page == 3
    for wrong, page in ((made.pk, 4), (made.pk, 0), (text.pk, 1), (here.guest.pk, 1)):
        refused(shown_pages.NotToShow, shown_pages.show_page, **chair, document=wrong, page=page)
    shown_pages.give_lead(**chair, to=here.chair.pk)
    refused(shown_pages.NotLeading, shown_pages.show_page, **citizen, document=made.pk, page=1)
    shown_pages.show_page(**chair, document=None)
    assert Meeting.objects.get().shown is None


def test_papers_are_erased_with_the_booking(here: Held, kept: Path) -> None:
    other = held(here.office, starts_at=town.at("10:00"))
    bring(here, papers.pdf())
    bring(other, papers.pdf())
    assert erase_papers(office=here.office.row, now=NOW) == 0
    Booking.objects.filter(pk=here.meeting.booking_id).update(erased_at=NOW)
    assert erase_papers(office=here.office.row, now=NOW) == 1
    assert Document.objects.get().meeting == other.meeting
    assert not (kept / storage.meeting_folder(here.office.office_id, here.meeting.pk)).exists()
    assert "file" in names_in(kept), "of the other meeting"
    assert erase_papers(office=here.office.row, now=NOW) == 0
