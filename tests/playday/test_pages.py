"""The driver reads the screens as they are: the template's marks, and what is not there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from prepazka.offices.models import Role
from prepazka.playday import html_reading
from prepazka.playday.tally import Tally, Visit, count_table, p80
from prepazka.web import demo_people

NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)


def visit(
    label: str, waited: float | None, *, booked: bool = False, ended: str = "", present: bool = True
) -> Visit:
    called = None if waited is None else NOON + timedelta(minutes=waited)
    return Visit(label, NOON, NOON, booked=booked, called_at=called, ended=ended, present=present)


def test_an_empty_page_is_no_board() -> None:
    board = html_reading.board("<html></html>")
    assert (board.label, board.ticket, board.called, board.can_next) == ("", "", False, False)
    assert (
        html_reading.touch_key("")
        == html_reading.ticket_label("")
        == html_reading.page_heading("")
        == ""
    )


def test_the_time_on_the_page_of_the_clock() -> None:
    page = '<time id="shown" datetime="2026-11-23T12:00:00+01:00">23. listopadu 2026 12:00</time>'
    assert html_reading.shown_time(page) == NOON
    with pytest.raises(ValueError, match="isoformat"):
        html_reading.shown_time("<html></html>")


def test_the_share_of_four_fifths() -> None:
    assert p80([]) == 0
    assert p80([5, 1, 2, 3, 4]) == 4
    assert p80([7]) == 7


def test_the_table_counts_apart_and_leaves_out_who_had_gone() -> None:
    tally = Tally(
        visits=[
            visit("V001", 10, ended="served"),
            visit("V002", 20, ended="served"),
            visit("V003", 90, ended="absent", present=False),
            visit("V004", None, ended="gave up"),
            visit("V005", 2, booked=True, ended="served"),
        ]
    )
    booked, walk_in = (row.split() for row in count_table(tally).splitlines()[2:4])
    assert booked == ["booked", "1", "1", "1", "0", "0", "2.0", "min", "2.0", "min"]
    assert walk_in == ["walk-in", "4", "2", "2", "1", "1", "15.0", "min", "20.0", "min"]


def test_a_booked_clients_wait_starts_at_the_booked_time() -> None:
    early = Visit("V001", NOON, NOON + timedelta(minutes=20), booked=True)
    assert early.wait is None
    early.called_at = NOON + timedelta(minutes=15)
    assert early.wait == 0
    early.called_at = NOON + timedelta(minutes=23)
    assert early.wait == 3


def test_the_demo_staff_has_the_roles_that_exist() -> None:
    assert {role for _, _, role in demo_people.STAFF} <= set(Role.values)
