"""A connection that is lost while the database saves: the page says what nobody can know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from prepazka.booking.models import Booking
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket
from tests import town
from tests.faults.always import always_open
from tests.journeys.test_booking import WORDS, choose, krumlov
from tests.journeys.test_console import log_in, sit_down, walk_in
from tests.journeys.test_offline import is_ready

__all__ = ["krumlov"]
pytestmark = pytest.mark.journey
UNCERTAIN = "není jisté"


@contextmanager
def lost_at_commit(table: str) -> Iterator[None]:
    """Every connection that writes a row of the table ends while it commits."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION lose_connection() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$"
        )
        cursor.execute(
            f"CREATE CONSTRAINT TRIGGER lose_connection AFTER INSERT OR UPDATE ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lose_connection()"
        )
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION lose_connection CASCADE")


def test_a_citizen_is_told_to_look_first(
    live_url: str, krumlov: OfficeSnapshot, page: Page, look: Callable[[Page, str], None]
) -> None:
    with lost_at_commit("booking_booking"):
        choose(page, live_url, WORDS["cs"])
        expect(page.locator("main")).to_contain_text(UNCERTAIN)
        look(page, "in-doubt")
    assert not Booking.objects.exists()


def test_a_clerk_sees_what_is_so(live_url: str, page: Page) -> None:
    """The console leaves for its own list, and comes back to what the database says."""
    office = always_open()
    town.clerk(office)
    first = walk_in(office, 9)
    log_in(page, live_url)
    sit_down(page)
    is_ready(page, "/pult/lhota/bez-site/")
    with lost_at_commit("queueing_ticket"):
        page.keyboard.press("n")
        page.wait_for_url("**/bez-site/")
    page.locator("#step-next").wait_for()
    page.wait_for_load_state()
    expect(page.locator("#board")).to_contain_text("U přepážky nikdo není")
    page.keyboard.press("n")
    expect(page.locator(".console-current__number")).to_have_text(first.label)
    assert Ticket.objects.get().calls == 1
