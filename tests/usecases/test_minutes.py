"""Minutes: begun, written by two at once, remarked on, closed once, printed, sent and erased."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pikepdf
import pytest

from prepazka.booking.models import Booking
from prepazka.core import minutes_text
from prepazka.core.refusal import Refused
from prepazka.jobs import document_jobs, owed_work
from prepazka.journal.models import Event
from prepazka.meetings import minutes, room, storage
from prepazka.meetings.erasing import erase_papers
from prepazka.meetings.models import Minutes, MinutesVersion, Participant, Signal
from prepazka.messaging import message_delivery
from prepazka.messaging.mail import compose_mail
from tests import town
from tests.meetings_town import Held, held

pytestmark = pytest.mark.django_db
NOW = town.at("9:20")
TASK = {"id": "t1", "what": "Doložit rozpočet", "who": "Karel Veselý", "until": "2026-12-01"}


@pytest.fixture
def here(files: Path) -> Held:
    made = held()
    made.enter(made.chair, NOW)
    made.enter(made.citizen, NOW)
    room.admit_participant(chair=made.chair.pk, participant=made.citizen.pk, now=NOW)
    return made


def begun(here: Held) -> minutes_text.Content:
    content: minutes_text.Content = minutes.begin_minutes(
        participant=here.chair.pk, now=NOW
    ).content
    return content


def save(here: Held, base: int, content: Any) -> minutes.Saved:
    return minutes.save_minutes(participant=here.chair.pk, base=base, content=content, now=NOW)


def closed(here: Held, **written: Any) -> Minutes:
    content = begun(here) | {"conclusions": "Žádost *bude* podána."} | written
    version = save(here, 1, content).version
    return minutes.close_minutes(participant=here.chair.pk, version=version, now=NOW)


def refused(kind: type[Refused], act: Any, **more: Any) -> None:
    with pytest.raises(kind):
        act(**more)


def test_a_draft_begins_with_what_is_known(here: Held) -> None:
    content = begun(here)
    assert content["present"] == "Ing. Jana Nováková\nKarel Veselý", "the guest was not admitted"
    assert content["subject"]
    assert minutes.begin_minutes(participant=here.chair.pk, now=NOW).version == 1, "once"
    refused(room.OnlyTheChair, minutes.begin_minutes, participant=here.citizen.pk, now=NOW)


def test_two_officials_write_at_once_and_nothing_is_lost(here: Held) -> None:
    content = begun(here)
    first = save(here, 1, content | {"course": "Probrali jsme žádost."})
    assert (first.version, first.conflicts) == (2, [])
    second = save(here, 1, content | {"conclusions": "Podat do pátku.", "tasks": [TASK]})
    assert (second.version, second.conflicts) == (3, [])
    assert second.content["course"] == "Probrali jsme žádost."
    third = save(here, 1, content | {"course": "Občan přišel pozdě."})
    assert third.conflicts == ["course"]
    assert third.content["course"] == "Probrali jsme žádost.", "the other's text, to decide about"
    assert third.version == 3
    mine = save(here, 3, third.content | {"course": "Probrali jsme žádost. Občan přišel pozdě."})
    assert mine.conflicts == []
    texts = [one.content["course"] for one in MinutesVersion.objects.order_by("version")]
    assert texts == ["", "Probrali jsme žádost.", "Probrali jsme žádost.", mine.content["course"]]
    kinds = Event.objects.filter(kind="MinutesSaved").count()
    assert kinds == 1, "one stretch of one person's writing"
    told = [one.body["version"] for one in Signal.objects.filter(kind="minutes").order_by("pk")]
    assert told == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {"course": 1},
        {"course": "x" * 20_001},
        {"tasks": {}},
        {"tasks": [{}]},
        {"tasks": [TASK, TASK]},
        {"tasks": [TASK | {"until": "zítra"}]},
        {"tasks": [TASK | {"id": str(n)} for n in range(51)]},
    ],
)
def test_what_is_no_minutes_is_refused(here: Held, wrong: Any) -> None:
    begun(here)
    refused(
        minutes.MinutesNotUnderstood,
        minutes.save_minutes,
        participant=here.chair.pk,
        base=1,
        content=wrong,
        now=NOW,
    )
    assert Minutes.objects.get().version == 1


def test_tasks_come_together_one_by_one() -> None:
    other = TASK | {"id": "t2", "what": "Zavolat"}
    base = {**minutes_text.EMPTY, "tasks": [TASK, other]}
    mine = {**base, "tasks": [TASK | {"who": "Eva"}, other]}
    theirs = {**base, "tasks": [other, TASK | {"id": "t3"}]}
    merged, conflicts = minutes_text.merge_changes(base, mine, theirs)
    assert [one["id"] for one in merged["tasks"]] == ["t2", "t3", "t1"], "changed beats deleted"
    assert (merged["tasks"][2]["who"], conflicts) == ("Eva", [])
    merged, conflicts = minutes_text.merge_changes(base, {**base, "tasks": []}, mine)
    assert [one["id"] for one in merged["tasks"]] == ["t1"]
    assert conflicts == []
    changed = {**base, "tasks": [TASK | {"who": "Jan"}, other]}
    assert minutes_text.merge_changes(base, mine, changed)[1] == ["task:t1"]


def test_remarks(here: Held) -> None:
    act: dict[str, Any] = {"participant": here.citizen.pk, "link": 1, "now": NOW}
    refused(minutes.MinutesNotBegun, minutes.comment_on_minutes, **act, text="a")
    begun(here)
    minutes.comment_on_minutes(**act, text=" Prosím doplnit částku. ")
    refused(room.NothingSaid, minutes.comment_on_minutes, **act, text=" ")
    guest = act | {"participant": here.guest.pk}
    refused(room.NotInside, minutes.comment_on_minutes, **guest, text="z venku")
    assert "částku" not in json.dumps(list(Event.objects.values_list("data", flat=True)))


def test_closing(here: Held) -> None:
    begun(here)
    act: dict[str, Any] = {"participant": here.chair.pk, "now": NOW}
    refused(minutes.MinutesBlank, minutes.close_minutes, **act, version=1)
    save(here, 1, begun(here) | {"course": "Proběhlo."})
    refused(minutes.MinutesChanged, minutes.close_minutes, **act, version=1)
    refused(
        room.OnlyTheChair,
        minutes.close_minutes,
        **act | {"participant": here.citizen.pk},
        version=2,
    )
    first = minutes.close_minutes(**act, version=2)
    again = minutes.close_minutes(**act | {"now": town.at("9:30")}, version=1)
    assert first.closed_at == again.closed_at
    assert Event.objects.filter(kind="MinutesClosed").count() == 1
    refused(minutes.MinutesAreClosed, minutes.save_minutes, **act, base=2, content=begun(here))
    citizen = {"participant": here.citizen.pk, "link": 1, "now": NOW}
    refused(minutes.MinutesAreClosed, minutes.comment_on_minutes, **citizen, text="pozdě")


def test_the_pdf_is_tagged_and_speaks_czech(here: Held) -> None:
    begun(here)
    minutes.comment_on_minutes(participant=here.citizen.pk, link=1, text="#emph[nic]", now=NOW)
    nasty = '#read("/etc/passwd") $x^2$ \\ <b> \ue000 \x07\n\ndruhý odstavec'
    held_minutes = closed(here, course=nasty, tasks=[TASK])
    (event,) = Event.objects.filter(kind="MinutesClosed").values_list("pk", flat=True)
    assert owed_work.minutes_to_print(event) == [held_minutes.pk] == owed_work.minutes_to_print()
    for _ in range(2):
        document_jobs.print_minutes(minutes_id=held_minutes.pk, now=NOW)
    assert Event.objects.filter(kind="MinutesReady").count() == 1
    assert owed_work.minutes_to_print() == []
    with storage.open_file(Minutes.objects.get().key, storage.FILE) as kept:
        content = kept.read()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert pdf.Root.Lang == "cs"
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.docinfo["/Title"]) == "Zápis ze\u00a0schůzky"
        metadata = pdf.open_metadata()
        assert metadata.pdfa_status == "2A"
        assert metadata["pdfuaid:part"] == "1"
        kinds = set(tags(pdf.Root.StructTreeRoot))
    assert {"/H1", "/P", "/Table", "/TH", "/TD", "/Strong"} <= kinds
    words = text_of(content)
    assert "Doložit rozpočet" in words
    assert "1. 12. 2026" in words.replace("\u00a0", " ")
    assert '#read("/etc/passwd") $x^2$' in words, "what people write is never a program"
    assert "#emph[nic]" in words


def tags(node: Any) -> list[str]:
    """Every kind of element of the structure tree."""
    found = [str(node.S)] if "/S" in node else []
    kids = node.get("/K", [])
    for one in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(one, pikepdf.Dictionary):
            found += tags(one)
    return found


def text_of(content: bytes) -> str:
    import pypdfium2  # noqa: PLC0415  # only here

    document = pypdfium2.PdfDocument(content)
    pages = [document[number].get_textpage().get_text_range() for number in range(len(document))]
    return "\n".join(pages).replace("\r\n", "\n")


def test_everybody_with_an_address_gets_the_pdf(here: Held) -> None:
    Participant.objects.filter(pk=here.citizen.pk).update(email="karel@posta.example")
    Participant.objects.filter(pk=here.chair.pk).update(email="urednik@urad.example")
    document_jobs.print_minutes(minutes_id=closed(here).pk, now=NOW)
    room.end_meeting(chair=here.chair.pk, now=NOW)
    ready = Event.objects.get(kind="MinutesReady").pk
    message_delivery.compose_messages(event=ready, now=NOW)
    found = message_delivery.compose_messages(event=ready, now=NOW)
    assert len(found) == 2, "the guest has no address"
    mails = {one.to: one for one in (compose_mail(message, now=NOW) for message in found)}
    assert set(mails) == {"karel@posta.example", "urednik@urad.example"}
    mail = mails["karel@posta.example"]
    (attached,) = mail.attachments
    assert (attached.name, attached.media_type) == ("zapis.pdf", "application/pdf")
    assert attached.content.startswith(b"%PDF-")
    assert "Zápis" in mail.subject
    later = town.at("18:00")
    assert not [one for one in found if message_delivery.is_pointless(one, later)]


def test_minutes_are_erased_with_the_booking(here: Held, files: Path) -> None:
    document_jobs.print_minutes(minutes_id=closed(here).pk, now=NOW)
    Booking.objects.update(erased_at=NOW)
    assert erase_papers(office=here.office.row, now=NOW) == 1
    assert not Minutes.objects.exists()
    assert not MinutesVersion.objects.exists()
    assert [one.name for one in files.rglob("*") if one.is_file()] == [storage.MARKER]
