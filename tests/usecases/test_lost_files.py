"""Files and rows of meetings that lost each other, and a storage that is not ours."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.booking.models import Booking
from prepazka.jobs import document_jobs, periodic_steps
from prepazka.journal.models import Event, StepRun
from prepazka.meetings import documents, erasing, inventory, minutes, storage, storage_identity
from prepazka.meetings.models import Document, FileStorage, Minutes, Participant, StrayFolder
from prepazka.meetings.storage_identity import Problem, StorageNotOurs
from prepazka.messaging import message_delivery
from prepazka.messaging.message_types import Mail, Undeliverable
from prepazka.messaging.models import Message, MessageState
from prepazka.surfaces.manager import views as manager
from prepazka.surfaces.room import document_views, minutes_views
from prepazka.surfaces.room import views as room_views
from tests import halls, papers, town
from tests.meetings_town import Held, held

pytestmark = pytest.mark.django_db
NOW = town.at("8:58")
DAY = timedelta(days=1)
LOST = "Soubor se u úřadu ztratil"


@pytest.fixture
def kept(files: Path) -> Path:
    return files


@pytest.fixture
def here(kept: Path) -> Held:
    return held()


def bring(here: Held, name: str = "žádost.pdf", now: datetime = NOW) -> Document:
    made = documents.add_document(
        participant=here.citizen.pk, link=1, name=name, file=papers.file(papers.pdf()), now=now
    )
    document_jobs.inspect_document(document=made.pk, now=now)
    return Document.objects.get(pk=made.pk)


def written(kept: Path, now: datetime) -> None:
    """Let all files have been written then, whatever the machine's clock shows."""
    for file in kept.rglob("*"):
        os.utime(file, (now.timestamp(), now.timestamp()))


def inspected(here: Held, now: datetime) -> inventory.Inventory:
    return inventory.inspect_files(office=here.office.office_id, now=now)


def is_kept(kept: Path, key: str) -> bool:
    return (kept / key / storage.FILE).exists()


class TestFilesAndRows:
    def test_files_without_a_row_go_a_week_after_they_were_first_seen(
        self, here: Held, kept: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        stays, lost = bring(here), bring(here)
        written(kept, NOW)
        assert inspected(here, NOW + 2 * DAY) == inventory.Inventory()
        Document.objects.filter(pk=lost.pk).delete()  # as after restoring an older database
        assert inspected(here, NOW + 3 * DAY) == inventory.Inventory(stray=1)
        assert "1 folders without a row kept" in caplog.text
        assert inspected(here, NOW + 9 * DAY) == inventory.Inventory(stray=1)
        assert is_kept(kept, lost.key)
        assert inspected(here, NOW + 10 * DAY) == inventory.Inventory(removed=1)
        assert not (kept / lost.key).exists()
        assert is_kept(kept, stays.key)
        assert inspected(here, NOW + 11 * DAY) == inventory.Inventory()

    def test_an_upload_in_progress_is_not_touched(self, here: Held, kept: Path) -> None:
        key = f"{storage.meeting_folder(here.office.office_id, here.meeting.pk)}/{uuid4().hex}"
        storage.put_file(key, storage.FILE, b"half of an upload")
        written(kept, NOW)
        assert inspected(here, NOW + timedelta(hours=23)) == inventory.Inventory()
        assert inspected(here, NOW + timedelta(hours=25)) == inventory.Inventory(stray=1)

    def test_files_whose_row_came_back_stay(self, here: Held, kept: Path) -> None:
        made = bring(here)
        written(kept, NOW)
        Document.objects.filter(pk=made.pk).delete()
        inspected(here, NOW + 3 * DAY)
        made.save(force_insert=True)  # the right backup was restored
        assert inspected(here, NOW + 11 * DAY) == inventory.Inventory()
        assert not StrayFolder.objects.exists()
        assert is_kept(kept, made.key)

    def test_the_file_of_a_refused_document_does_not_stay(self, here: Held, kept: Path) -> None:
        """The server died after the refusal, before the file was removed."""
        made = bring(here)
        written(kept, NOW)
        Document.objects.update(state="refused")
        assert inspected(here, NOW + 2 * DAY) == inventory.Inventory(stray=1)
        inspected(here, NOW + 9 * DAY)
        assert not is_kept(kept, made.key)

    def test_files_of_an_office_that_the_database_lacks_go_too(
        self, here: Held, kept: Path
    ) -> None:
        storage_identity.note_first_use(now=NOW)
        key = f"987654/{uuid4().hex}/{uuid4().hex}"
        storage.put_file(key, storage.FILE, b"x")
        written(kept, NOW)
        for days in (2, 9):
            assert night("compare_papers_of_nobody", NOW + days * DAY) == 0
        assert not is_kept(kept, key)

    def test_rows_without_a_file_are_marked_until_it_is_back(self, here: Held, kept: Path) -> None:
        made = bring(here)
        content = (kept / made.key / storage.FILE).read_bytes()
        (kept / made.key / storage.FILE).unlink()
        assert inspected(here, NOW + DAY - timedelta(hours=1)) == inventory.Inventory()
        assert inspected(here, NOW + 2 * DAY) == inventory.Inventory(missing=1)
        inspected(here, NOW + 3 * DAY)
        made.refresh_from_db()
        assert made.missing_since == NOW + 2 * DAY
        storage.put_file(made.key, storage.FILE, content)
        assert inspected(here, NOW + 4 * DAY) == inventory.Inventory()
        made.refresh_from_db()
        assert made.missing_since is None

    def test_lost_minutes_are_made_anew_and_nobody_is_written_to(
        self, here: Held, kept: Path
    ) -> None:
        row = closed_minutes(here)
        (kept / row.key / storage.FILE).unlink()
        before = Message.objects.count()
        for name in ("compare_papers", "print_lost_minutes"):
            assert night(name, NOW + 2 * DAY) == 0
        row.refresh_from_db()
        assert row.missing_since is None
        assert (kept / row.key / storage.FILE).read_bytes().startswith(b"%PDF")
        assert Message.objects.count() == before

    def test_a_mail_waits_for_the_minutes_that_it_should_carry(
        self, here: Held, kept: Path
    ) -> None:
        Participant.objects.filter(pk=here.chair.pk).update(email="urednik@urad.example")
        Participant.objects.exclude(pk=here.chair.pk).update(email="")
        row = closed_minutes(here)
        ready = Event.objects.get(kind="MinutesReady")
        (message,) = message_delivery.compose_messages(event=ready.pk, now=NOW)
        (kept / row.key / storage.FILE).unlink()
        left: list[Mail] = []
        with pytest.raises(Undeliverable):
            message_delivery.deliver_message(
                message=message.pk, gateways={"email": left.append, "sms": unused}, now=NOW
            )
        message.refresh_from_db()
        assert (message.state, left) == (MessageState.QUEUED, [])
        later = NOW + DAY + timedelta(hours=1)
        inspected(here, later)
        document_jobs.print_lost()
        message_delivery.deliver_message(
            message=message.pk, gateways={"email": left.append, "sms": unused}, now=later
        )
        assert [one.name for one in left[0].attachments] == ["zapis.pdf"]


def closed_minutes(here: Held) -> Minutes:
    here.enter(here.chair, NOW)
    begun = minutes.begin_minutes(participant=here.chair.pk, now=NOW)
    content = begun.content | {"course": "Žádost je úplná."}
    saved = minutes.save_minutes(participant=here.chair.pk, base=1, content=content, now=NOW)
    minutes.close_minutes(participant=here.chair.pk, version=saved.version, now=NOW)
    document_jobs.print_minutes(minutes_id=begun.pk, now=NOW)
    row = Minutes.objects.get(pk=begun.pk)
    assert row.key
    return row


class TestWhoseStorage:
    def due(self, here: Held) -> Document:
        """A document of a booking that was erased."""
        made = bring(here)
        Booking.objects.filter(pk=here.meeting.booking_id).update(erased_at=NOW)
        return made

    def erased(self, here: Held, now: datetime = NOW) -> int:
        return erasing.erase_papers(office=here.office.row, now=now)

    def test_the_storage_bears_the_id_since_the_first_file(self, here: Held, kept: Path) -> None:
        assert not FileStorage.objects.exists()
        bring(here)
        row = FileStorage.objects.get()
        assert (kept / storage.MARKER).read_text() == str(row.identity)
        assert row.marked_at == NOW
        assert storage_identity.check_identity(now=NOW + DAY) is None

    def test_a_folder_that_is_not_mounted_forgets_nothing(
        self,
        here: Held,
        kept: Path,
        settings: Any,
        tmp_path: Path,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        made = self.due(here)
        papers.kept_in(tmp_path / "elsewhere", settings)
        with pytest.raises(StorageNotOurs):
            self.erased(here)
        assert Document.objects.filter(pk=made.pk).exists()
        row = FileStorage.objects.get()
        assert (row.problem, row.problem_since) == (Problem.UNMARKED, NOW)
        assert str(row.identity) in caplog.text
        assert not (tmp_path / "elsewhere" / storage.MARKER).exists(), "it is not taken for ours"
        with pytest.raises(StorageNotOurs):
            inventory.inspect_office(office=here.office.office_id, now=NOW + 2 * DAY)
        assert not Document.objects.exclude(missing_since=None).exists()
        papers.kept_in(kept, settings)
        assert self.erased(here, NOW + 3 * DAY) == 1
        assert not is_kept(kept, made.key)
        row.refresh_from_db()
        assert (row.problem, row.problem_since) == ("", None)

    def test_control_without_the_comparison_the_file_is_forgotten(
        self,
        here: Held,
        kept: Path,
        settings: Any,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        made = self.due(here)
        papers.kept_in(tmp_path / "elsewhere", settings)
        monkeypatch.setattr(storage_identity, "check_storage_is_ours", lambda **_: None)
        assert self.erased(here) == 1
        assert not Document.objects.exists()
        assert is_kept(kept, made.key)

    def test_the_storage_of_another_database_is_not_touched(self, here: Held, kept: Path) -> None:
        made = self.due(here)
        written(kept, NOW)
        (kept / storage.MARKER).write_text(str(uuid4()))
        with pytest.raises(StorageNotOurs):
            self.erased(here)
        Document.objects.all().delete()
        with pytest.raises(StorageNotOurs):
            inventory.inspect_office(office=here.office.office_id, now=NOW + 30 * DAY)
        assert FileStorage.objects.get().problem == Problem.FOREIGN
        assert is_kept(kept, made.key)

    def test_a_new_database_does_not_take_over_the_storage_of_another(
        self, here: Held, kept: Path
    ) -> None:
        storage.put_marker(str(uuid4()))
        assert storage_identity.check_identity(now=NOW) == Problem.FOREIGN

    def test_without_meetings_no_storage_is_looked_at(self, here: Held, kept: Path) -> None:
        storage.put_marker(str(uuid4()))
        for name in ("compare_papers", "compare_papers_of_nobody"):
            assert night(name, NOW) == 0
        assert not FileStorage.objects.exists()

    def test_files_from_before_the_id_are_known_by_their_rows(
        self, here: Held, kept: Path, settings: Any, tmp_path: Path
    ) -> None:
        """After an update: the files are there, the id is not."""
        self.due(here)
        FileStorage.objects.all().delete()
        (kept / storage.MARKER).unlink()
        papers.kept_in(tmp_path / "elsewhere", settings)
        with pytest.raises(StorageNotOurs):
            self.erased(here)
        papers.kept_in(kept, settings)
        assert self.erased(here) == 1
        assert (kept / storage.MARKER).exists()

    def test_what_does_not_answer_is_tried_again(
        self, here: Held, kept: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.due(here)
        with monkeypatch.context() as patched:
            patched.setattr("django.core.files.storage.FileSystemStorage.open", broken)
            with pytest.raises(StorageNotOurs):
                self.erased(here)
        assert FileStorage.objects.get().problem == Problem.UNREACHABLE
        assert self.erased(here, NOW + DAY) == 1

    def test_the_nightly_steps_say_which_office_waits(self, here: Held, kept: Path) -> None:
        self.due(here)
        (kept / storage.MARKER).unlink()
        for name in ("erase_papers", "compare_papers"):
            assert night(name, NOW + DAY) == 1
            run = StepRun.objects.get(step=name)
            assert (run.office, run.failures) == (here.office.office_id, 1)
        assert Document.objects.exists()
        storage.put_marker(str(FileStorage.objects.get().identity))
        for name in ("erase_papers", "compare_papers"):
            assert night(name, NOW + 2 * DAY) == 0
        assert not Document.objects.exists()


def night(name: str, now: datetime) -> int:
    """Run a daily step; in how many offices it failed."""
    return periodic_steps.run_if_due(periodic_steps.STEPS[name], now=now, even_if_done=True)


def unused(*_: object, **__: object) -> Any:
    raise AssertionError("no short message was due")


def broken(*_: object, **__: object) -> None:
    raise PermissionError("no")


class TestInWords:
    @pytest.fixture(autouse=True)
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (document_views, minutes_views, room_views, manager):
            monkeypatch.setattr(module, "now", lambda: NOW)

    def test_the_page_of_the_meeting_says_that_a_file_is_lost(self, here: Held, kept: Path) -> None:
        made = bring(here)
        (kept / made.key / storage.FILE).unlink()
        at, client = here.path(here.citizen), here.client(here.citizen)
        answer = client.get(f"{at}soubory/{made.pk}/")
        assert (answer.status_code, LOST in halls.text_of(answer)) == (410, True)
        inspected(here, NOW + 2 * DAY)
        page = client.get(at)
        assert LOST in halls.text_of(page)
        assert f'href="{at}soubory/{made.pk}/"' not in page.content.decode(), "nothing to download"
        (told,) = client.get(f"{at}soubory/").json()["documents"]
        assert told["state"] == "lost"
        here.enter(here.chair, NOW)
        from prepazka.meetings import room  # noqa: PLC0415

        room.end_meeting(chair=here.chair.pk, now=NOW)
        assert LOST in halls.text_of(client.get(at))

    def test_lost_minutes_are_said(self, here: Held, kept: Path) -> None:
        row = closed_minutes(here)
        (kept / row.key / storage.FILE).unlink()
        answer = here.client(here.citizen).get(here.path(here.citizen) + "zapis.pdf")
        assert (answer.status_code, "PDF zápisu se" in halls.text_of(answer)) == (410, True)

    def test_the_administrator_reads_what_the_night_found(self, here: Held, kept: Path) -> None:
        client = Client()
        client.force_login(town.clerk(here.office, "spravce", "administrator"))
        assert "Soubory ze schůzek" not in halls.text_of(client.get("/sprava/lhota/"))
        lost, stray = bring(here), bring(here)
        written(kept, NOW)
        (kept / lost.key / storage.FILE).unlink()
        Document.objects.filter(pk=stray.pk).delete()
        inspected(here, NOW + 2 * DAY)
        said = halls.text_of(client.get("/sprava/lhota/"))
        assert "Chybí soubor 1 dokumentu nebo zápisu. Schůzka byla: 23. 11. 2026 9:00." in said
        assert "1 soubor v úložišti nepatří k žádné schůzce. Po 2. 12. 2026 se smaže." in said
        (kept / storage.MARKER).write_text("jiné")
        storage_identity.check_identity(now=NOW)
        said = halls.text_of(client.get("/sprava/lhota/"))
        assert "Od 23. 11. 2026 8:58 není úložiště souborů to" in said
