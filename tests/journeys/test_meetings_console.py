"""An official's day of meetings in the console, and a meeting that moves from room to room."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import F
from playwright.sync_api import Page, expect

from prepazka.accounts.models import User
from prepazka.meetings.models import Meeting
from prepazka.offices.models import Office, Official
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import conferencing, officials, town
from tests.clock import real_now
from tests.faults import program
from tests.journeys import test_room
from tests.meetings_town import held
from tests.ports import free_port

# Its browsers with false cameras.
cameras, person = test_room.cameras, test_room.person

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def meet() -> Iterator[conferencing.Conference]:
    with conferencing.jitsi() as found:
        yield found


@pytest.fixture
def url(transactional_db: None, tmp_path: Path, meet: conferencing.Conference) -> Iterator[str]:
    """The program, which knows the conferencing server."""
    port = free_port()
    told = program.environment(
        PREPAZKA_URL=f"http://localhost:{port}",
        PREPAZKA_JITSI_URL=meet.url,
        PREPAZKA_JITSI_APP_ID=conferencing.APP,
        PREPAZKA_JITSI_SECRET=conferencing.SECRET,
        PREPAZKA_JITSI_SUBJECT=conferencing.DOMAIN,
    )
    with program.web(told, tmp_path / "web.log", port):
        yield f"http://localhost:{port}"
    assert "Traceback" not in (tmp_path / "web.log").read_text()


def by_day() -> OfficeSnapshot:
    """The office of officials where the day goes on for hours: its list is of one day."""
    return officials.moved_to(officials.office(), town.zone_by_day(real_now()))


def test_a_day_of_meetings_and_a_meeting_that_moves(
    url: str,
    person: Any,
    look: Any,
    axe: Any,
    meet: conferencing.Conference,
) -> None:
    here = held(by_day(), starts_at=real_now() + timedelta(minutes=2))
    Office.objects.update(video_rooms=["jitsi", "embedded"])
    later = held(here.office, starts_at=here.meeting.booking.ends_at + timedelta(minutes=5))
    official = person(here, here.chair, url)
    Official.objects.filter(code="novakova").update(user=User.objects.get(username="predseda"))
    Office.objects.update(version=F("version") + 1)
    citizen = person(here, here.citizen, url)
    citizen.get_by_role("button", name="Vstoupit").click()
    expect(citizen.locator("#turn")).to_contain_text("Jste na řadě")

    official.goto(url + "/pult/lhota/schuzky/")
    row = official.locator("tr.is-next")
    expect(row).to_contain_text("Karel Veselý, od")
    look(official, "console-meetings")

    # By how much the next ones begin later, by two keys.
    official.keyboard.press("l")
    official.get_by_role("button", name="10 min").first.click()
    expect(official.locator("body")).to_contain_text("to už vědí")
    assert Meeting.objects.get(pk=later.meeting.pk).late_min > 0

    with official.expect_popup() as opened:
        official.keyboard.press("v")
    room: Page = opened.value
    room.get_by_role("button", name="Zahájit schůzku").click()
    expect(room.locator("#elsewhere-text")).to_contain_text("v jiném okně")
    room.get_by_role("button", name="Vpustit: Karel Veselý").click()
    look(room, "room-elsewhere-official")
    expect(official.locator("tr.is-next")).to_contain_text("Právě probíhá")

    # The citizen goes to the room of the conferencing server, and ours stays open.
    with citizen.expect_popup() as window:
        citizen.get_by_role("link", name="Otevřít okno schůzky").click()
    expect(window.value.locator("body")).to_have_text("welcome")
    look(citizen, "room-elsewhere")
    assert [one["name"] for one in meet.entered] == ["Karel Veselý"]

    # The meeting moves to the telephone and then to our own page; the citizen is told at once.
    room.get_by_text("Jiná místnost nebo telefon").click()
    room.get_by_label("Kde schůzka pokračuje").select_option("telephone")
    room.get_by_role("button", name="Přesunout schůzku").click()
    expect(citizen.locator("#elsewhere-text")).to_contain_text("po telefonu")
    look(citizen, "room-telephone")
    room.get_by_label("Kde schůzka pokračuje").select_option("embedded")
    room.get_by_role("button", name="Přesunout schůzku").click()
    expect(citizen.locator("#tiles")).to_be_visible()
    expect(room.locator("#tiles figure")).to_have_count(2)
    assert citizen.faults == []
    official.goto(url + "/pult/lhota/")
    official.locator("button[value=p1]").click()
    expect(official.locator("#own-meetings")).to_be_visible()
    look(official, "console-own-meetings")
    official.goto(url + "/en/pult/lhota/schuzky/")
    look(official, "console-meetings-en")
    official.get_by_role("link", name="Next meeting").first.click()
    look(official, "console-follow-up")
    room.goto(url + "/en" + here.path(here.chair))
    look(room, "room-en")
