"""What people write is shown as text; what is theirs is not for other sites or for lists of files."""

from __future__ import annotations

import pytest
from django.test import Client

from prepazka.booking import booking_links
from prepazka.booking.models import Booking
from prepazka.offices.office_snapshot import snapshot_by_slug
from tests import citizen, town

pytestmark = [pytest.mark.django_db, pytest.mark.real_time]
NAME = "Jana <script>alert(1)</script> \"' onload=x"
RAW = ("<script>alert", "\"' onload")


@pytest.fixture
def booked() -> Booking:
    """A booking of somebody with a name that is markup."""
    booking = town.confirmed(town.office(), "9:00")
    Booking.objects.update(name=NAME)
    booking.refresh_from_db()
    return booking


def own(booking: Booking) -> str:
    return f"/objednavka/{booking_links.sign_token(booking.pk, 'personal')}/"


def staff(role: str = "reception") -> Client:
    client = Client()
    client.force_login(town.clerk(snapshot_by_slug("lhota"), role=role))
    return client


def test_on_pages_of_the_person_and_of_the_staff(booked: Booking) -> None:
    desk = staff()
    pages = {
        own(booked): Client(),
        f"/pult/lhota/recepce/?den={town.MONDAY}": desk,
        f"/pult/lhota/recepce/objednavka/{booked.pk}/": desk,
    }
    for path, client in pages.items():
        page = client.get(path).content.decode()
        for raw in RAW:
            assert raw not in page, path
    assert (
        "&lt;script&gt;alert"
        in desk.get(f"/pult/lhota/recepce/?den={town.MONDAY}").content.decode()
    )


def test_what_is_typed_comes_back_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    town.office()
    citizen.Clock(monkeypatch)
    client = Client()
    contact = citizen.take(client)
    answer = client.post(contact, {"name": NAME, "email": "<script>alert(1)</script>"})
    page = answer.content.decode()
    assert "&lt;script&gt;alert" in page, "the control: it is shown"
    for raw in RAW:
        assert raw not in page


def test_what_is_somebodys_is_not_for_other_sites(booked: Booking) -> None:
    """Only counts and free times may be read by pages of other sites."""
    desk = staff()
    for path, client in {
        own(booked): Client(),
        f"/pult/lhota/recepce/?den={town.MONDAY}": desk,
        "/ucet/login/": Client(),
        f"/api/v1/bookings/{booking_links.sign_token(booked.pk, 'personal')}": Client(),
    }.items():
        answer = client.get(path, HTTP_ORIGIN="https://evil.example")
        assert answer.status_code == 200, path
        assert "Access-Control-Allow-Origin" not in answer, path
        assert "Access-Control-Allow-Credentials" not in answer, path
    script = Client().get("/static/embed/terms.js")
    assert script["Access-Control-Allow-Origin"] == "*", "the control"
    assert "Access-Control-Allow-Credentials" not in script
    script.close()


def test_what_is_somebodys_stays_in_no_cache(booked: Booking) -> None:
    for path in (own(booked), f"{own(booked)}termin.ics", "/pult/lhota/"):
        client = staff() if path.startswith("/pult") else Client()
        assert "no-store" in client.get(path)["Cache-Control"], path


@pytest.mark.parametrize(
    "path", ["/static/", "/static/looks/", "/.git/HEAD", "/static/../pyproject.toml"]
)
def test_no_list_of_files_and_no_source(path: str) -> None:
    assert Client().get(path).status_code == 404
