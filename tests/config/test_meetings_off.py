"""An installation without meetings: nothing of them is loaded, and none may be left behind."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from prepazka.booking.models import Booking
from prepazka.config import meetings_switch
from prepazka.config.cli import main
from prepazka.config.env import SettingError
from prepazka.jobs import periodic_steps
from prepazka.jobs.periodic_steps import STEPS
from prepazka.meetings import storage, storage_identity
from prepazka.meetings.models import Document, Participant, Signal
from prepazka.meetings.switch import obstacles
from prepazka.officefile import presets
from prepazka.officefile.meetings_off import refuse_meetings
from prepazka.officefile.nodes import WrongFile
from prepazka.officefile.office_loading import load
from prepazka.offices.models import Service
from prepazka.reporting.health import health_of_database
from tests import meetings, officials, programs, town
from tests.meetings_town import Held, held

NOW = town.FRIDAY_BEFORE
# What only meetings need: the printing of minutes, drawing of documents, conferencing servers.
OF_MEETINGS = ("typst", "pypdfium2", "prepazka.gateways.video", "prepazka.surfaces.room.urls")
STARTS = {
    "web": "import prepazka.config.asgi",
    "worker": "import django; django.setup(); import prepazka.config.work, prepazka.jobs.tasks",
    "command": "from prepazka.config.cli import main; main(['office', 'check', 'cesky-krumlov'])",
}
REPORT = f"""
import json, sys
from django.apps import apps
report = {{"loaded": [name for name in {OF_MEETINGS!r} if name in sys.modules]}}
if "prepazka.jobs.tasks" in sys.modules:
    from procrastinate.contrib.django import app
    from prepazka.jobs.periodic_steps import STEPS
    report["tasks"], report["steps"] = sorted(app.tasks), sorted(STEPS)
if apps.ready:
    from django.urls import get_resolver
    report["names"] = sorted(
        {{str(namespace) for namespace in get_resolver().namespace_dict}}
        | {{str(key) for key in get_resolver().namespace_dict["console"][1].reverse_dict}}
        | {{str(key) for key in get_resolver().namespace_dict["citizen"][1].reverse_dict}}
    )
print("REPORT" + json.dumps(report))
"""


def document_of(meeting: Held) -> Document:
    """A document that the guest brought."""
    return Document.objects.create(
        office=meeting.office.row,
        meeting=meeting.meeting,
        participant=meeting.guest,
        key=f"{storage.meeting_folder(meeting.office.office_id, meeting.meeting.pk)}/1",
        name="a.pdf",
        kind="pdf",
        size=5,
        sha256="0",
        created_at=NOW,
    )


def report_of(start: str, *, meetings: bool) -> dict[str, Any]:
    environment = programs.plain("postgresql:///none") | {
        "PREPAZKA_MEETINGS": "on" if meetings else "off"
    }
    ended = subprocess.run(
        [sys.executable, "-c", STARTS[start] + REPORT],
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    report: dict[str, Any] = json.loads(ended.stdout.split("REPORT")[1])
    return report


@pytest.mark.real_time
@pytest.mark.parametrize("start", STARTS)
def test_nothing_of_meetings_is_loaded(start: str) -> None:
    assert report_of(start, meetings=False)["loaded"] == []


@pytest.mark.real_time
def test_what_is_not_loaded_is_loaded_where_meetings_are_on() -> None:
    """The control: the names above are those of modules that the programs do load."""
    web = report_of("web", meetings=True)
    assert {"prepazka.gateways.video", "prepazka.surfaces.room.urls"} <= set(web["loaded"])
    assert {"room", "meetings", "people"} <= set(web["names"])
    worker = report_of("worker", meetings=True)
    assert "typst" in worker["loaded"]
    assert {"check_document", "print_minutes"} <= set(worker["tasks"])
    assert {"settle_meetings", "print_lost_minutes"} <= set(worker["steps"])


@pytest.mark.real_time
def test_there_are_no_addresses_of_meetings() -> None:
    names = set(report_of("web", meetings=False)["names"])
    assert "citizen" in names
    assert not names & {"room", "meetings", "meetings_live", "meeting_enter", "follow_up"}
    assert not names & {"people", "mode"}


@pytest.mark.real_time
def test_the_worker_still_erases_what_is_left_of_meetings() -> None:
    """Rows and files of past meetings end when their time comes, as without the switch."""
    worker = report_of("worker", meetings=False)
    assert not set(worker["tasks"]) & {"check_document", "print_minutes"}
    assert not set(worker["steps"]) & {"settle_meetings", "print_lost_minutes"}
    erasing = {"erase", "erase_papers", "erase_requested", "forget_signals", "compare_papers"}
    assert erasing <= set(worker["steps"])


@pytest.mark.django_db
def test_past_meetings_are_erased_where_meetings_are_off(settings: Any, files: Path) -> None:
    """People, chat and files of a meeting end with its booking, by the worker's ordinary steps."""
    meeting = held()
    meeting.enter(meeting.guest, town.at("9:00"))
    storage_identity.note_first_use(now=NOW)
    document = document_of(meeting)
    storage.put_file(document.key, storage.FILE, b"%PDF-")
    Booking.objects.update(state="served", ended_at=town.at("9:30"))
    settings.MEETINGS = False
    year_later = NOW + timedelta(days=400)
    for step in ("erase", "forget_signals", "erase_papers"):
        failed = periodic_steps.run_if_due(STEPS[step], now=year_later, even_if_done=True)
        assert failed == 0
    assert not Participant.objects.exclude(name="", email="").exists()
    assert not Document.objects.exists()
    assert not Signal.objects.exists()
    assert [path.name for path in files.rglob("*") if path.is_file()] == [storage.MARKER]


@pytest.mark.django_db
@pytest.mark.parametrize(("on", "waits"), [(True, True), (False, False)])
def test_health_waits_for_papers_only_where_somebody_makes_them(
    settings: Any,
    on: bool,  # noqa: FBT001  # a parameter of the case
    waits: bool,  # noqa: FBT001
) -> None:
    document_of(held())
    settings.MEETINGS = on
    with connection.cursor() as cursor:
        health = health_of_database(cursor, now=NOW + timedelta(hours=1))
    assert (health.oldest_owed > timedelta(minutes=50)) is waits


class TestTheOfficeFile:
    def test_each_line_that_speaks_of_meetings_is_named(self) -> None:
        file = meetings.FILE.replace(
            "departments:\n", "video:\n  rooms: [embedded]\ndepartments:\n", 1
        )
        with pytest.raises(WrongFile) as refused:
            refuse_meetings(file)
        lines = file.splitlines()
        assert [
            (lines[p.line - 1].strip().split(":")[0], p.where) for p in refused.value.problems
        ] == [
            ("video", "video"),
            ("modes", "agendas.stavby.modes"),
            ("povoleni", "agendas.stavby.services.povoleni.modes"),
            ("video hours", "officials.novakova.video hours"),
        ]
        assert all("PREPAZKA_MEETINGS=off" in str(p) for p in refused.value.problems)

    def test_a_file_in_which_people_meet_in_person_is_taken(self) -> None:
        refuse_meetings(presets.preset_text("cesky-krumlov"))
        refuse_meetings(
            officials.FILE.replace("    letter: S\n", "    letter: S\n    modes: person\n")
        )

    @pytest.mark.django_db
    def test_it_is_not_loaded(self, settings: Any) -> None:
        settings.MEETINGS = False
        with pytest.raises(WrongFile):
            load(meetings.FILE, now=NOW)
        assert load(officials.FILE, now=NOW).office.slug == "lhota"

    def test_the_command_says_so_by_line(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "office.yaml").write_text(meetings.FILE, "utf-8")
        monkeypatch.setenv("PREPAZKA_MEETINGS", "off")
        assert main(["office", "check", str(tmp_path / "office.yaml")]) == 1
        assert "agendas.stavby.modes: phone, video; expected nothing, because meetings are" in (
            capsys.readouterr().err
        )


@pytest.mark.django_db
class TestMeetingsInTheWay:
    @pytest.fixture(autouse=True)
    def _switched_off(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.MEETINGS = settings.DEMO = False
        monkeypatch.setattr(connection, "close", lambda: None)  # the test's transaction

    def refusal(self) -> str:
        with pytest.raises(SettingError) as refused:
            meetings_switch.check_meetings_switch()
        return str(refused.value)

    def test_an_office_that_people_only_visit_starts(self) -> None:
        town.hold(town.office())
        meetings_switch.check_meetings_switch()

    def test_appointments_are_counted_with_the_last_one(self, settings: Any) -> None:
        settings.MEETINGS = True
        where = meetings.office()
        meetings.confirmed(where)
        meetings.confirmed(where, "9:30", mode="phone")
        settings.MEETINGS = False
        refusal = self.refusal()
        assert (
            "office lhota: appointments by phone or video: 2, the last one until 2026-11-23 09:45;"
            " services offered by phone or video: ohlaseni, povoleni."
        ) in refusal
        assert "Set PREPAZKA_MEETINGS=on" in refusal

    def test_past_appointments_do_not_matter_once_they_are_ended(self) -> None:
        meeting = held()
        Service.objects.update(modes=["person"])
        assert "appointments by phone or video: 1" in self.refusal()
        Booking.objects.filter(pk=meeting.meeting.booking_id).update(state="served")
        meetings_switch.check_meetings_switch()
        Booking.objects.filter(pk=meeting.meeting.booking_id).update(state="displaced")
        assert "appointments by phone or video: 1" in self.refusal()

    def test_a_document_that_waits_for_its_check_is_named(self) -> None:
        meeting = held()
        Service.objects.update(modes=["person"])
        Booking.objects.update(state="served")
        document_of(meeting)
        assert "documents not yet checked and minutes not yet printed: 1" in self.refusal()

    def test_the_demo_keeps_its_meetings(self, settings: Any) -> None:
        settings.DEMO = True
        assert self.refusal().startswith("Unset PREPAZKA_MEETINGS")

    def test_nothing_is_asked_where_meetings_are_on(self, settings: Any) -> None:
        settings.MEETINGS = True
        meetings.office()
        meetings_switch.check_meetings_switch()
        assert [obstacle.office for obstacle in obstacles()] == ["lhota"]


@pytest.mark.real_time
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", ["migrate", "web", "worker"])
def test_the_start_is_refused_in_one_sentence(command: str) -> None:
    meetings.confirmed(meetings.office())
    ended = subprocess.run(
        [*programs.COMMAND, command],
        env=programs.told() | {"PREPAZKA_MEETINGS": "off"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(
        "PREPAZKA_MEETINGS is off, but there are meetings: office lhota:"
    )
    assert len(ended.stderr.splitlines()) == 1
