"""The API of officials: whom the public may know, and slots with one of them or with anybody."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.booking.models import Booking
from prepazka.offices.office_snapshot import OfficeSnapshot
from tests import officials, town
from tests.citizen import Clock
from tests.halls import text_of

pytestmark = pytest.mark.django_db
V1 = "/api/v1/offices/lhota"


@pytest.fixture(autouse=True)
def lhota(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    Clock(monkeypatch)
    monkeypatch.setattr("prepazka.surfaces.api.api.now", lambda: town.FRIDAY_BEFORE)
    monkeypatch.setattr("prepazka.offices.clock.now", lambda: town.FRIDAY_BEFORE)
    return officials.office()


def hold(client: Client, key: object = None, **more: Any) -> Any:
    said = {"service": "ohlaseni", "starts_at": town.at("9:00").isoformat()} | more
    return client.post(
        f"{V1}/holds",
        said,
        content_type="application/json",
        headers={"Idempotency-Key": str(key or uuid4())},
    )


def test_departments_and_officials_with_what_is_public(client: Client) -> None:
    (department,) = client.get(f"{V1}/departments").json()
    assert (department["code"], department["officials"], department["services"]) == (
        "vystavba",
        ["novakova", "dvorak"],
        ["ohlaseni", "povoleni"],
    )
    assert department["path"] == "/lhota/odbor/vystavba/"
    novakova, dvorak = client.get(f"{V1}/officials").json()
    assert novakova["email"] == "novakova@lhota.example"
    assert novakova["services"] == ["ohlaseni", "povoleni"]
    assert novakova["hours"][1] == {
        "opens_at": "2026-11-23T17:00:00+01:00",
        "closes_at": "2026-11-23T19:00:00+01:00",
    }
    assert dvorak["department"] == "vystavba"
    answer = client.get(f"{V1}/officials").content.decode()
    assert "lékaře" not in answer
    found = {s["code"]: s["officials"] for s in client.get(V1).json()["services"]}
    assert found == {"ohlaseni": ["novakova", "dvorak"], "povoleni": ["novakova"], "rodny-list": []}


def test_slots_of_one_and_of_whoever_is_soonest(client: Client) -> None:
    path = f"{V1}/services/ohlaseni/slots"
    anybody, dvorak = client.get(path).json(), client.get(f"{path}?official=dvorak").json()
    assert (anybody["official"], anybody["slots"][0]["starts_at"][11:16]) == (None, "08:00")
    assert (dvorak["official"], dvorak["slots"][0]["starts_at"][11:16]) == ("dvorak", "09:00")
    for wrong in ("nikdo", "x" * 99):
        assert client.get(f"{path}?official={wrong}").status_code == 404
    assert client.get(f"{path}?official=%00").status_code == 400
    assert client.get(f"{V1}/services/povoleni/slots?official=dvorak").status_code == 404


def test_an_absence_over_days_is_right_at_both_ends(lhota: OfficeSnapshot, client: Client) -> None:
    """In the slots, in the hours, and on the official's page."""
    officials.office(
        officials.FILE.replace(
            'hours: {mon: "8:00-10:00, 17:00-19:00"}',
            'hours: {mon-wed: "8:00-17:00"}\n    exceptions:'
            " [{closed: 2026-11-23 14:00 to 2026-11-25 10:00, reason: u lékaře}]",
        )
    )
    said = client.get(f"{V1}/services/povoleni/slots?official=novakova").json()["slots"]
    starts = [one["starts_at"][:16] for one in said if one["starts_at"] < "2026-11-26"]
    assert starts[0] == "2026-11-23T08:00"
    late = [one for one in starts if one >= "2026-11-23T13:15"]
    assert late[:3] == ["2026-11-23T13:15", "2026-11-23T13:30", "2026-11-25T10:00"]
    novakova, _dvorak = client.get(f"{V1}/officials").json()
    assert novakova["hours"][:2] == [
        {"opens_at": "2026-11-23T08:00:00+01:00", "closes_at": "2026-11-23T14:00:00+01:00"},
        {"opens_at": "2026-11-25T10:00:00+01:00", "closes_at": "2026-11-25T17:00:00+01:00"},
    ]
    page = text_of(client.get("/lhota/urednik/novakova/"))
    assert "pondělí 23. listopadu 2026: 8:00–14:00" in page
    assert "středa 25. listopadu 2026: 10:00–17:00" in page
    assert "lékaře" not in page


def test_a_hold_with_the_one_who_was_named(client: Client) -> None:
    key = uuid4()
    first = hold(client, key, official="dvorak")
    assert (first.status_code, first.json()["official"]) == (201, "dvorak")
    assert hold(client, key, official="dvorak").json()["token"] == first.json()["token"]
    assert hold(client, key, official="novakova").json()["code"] == "key_reused"
    assert hold(client, official="dvorak").json()["code"] == "term_taken"
    assert hold(client).json()["official"] == "novakova"  # whoever is left
    assert hold(client).json()["code"] == "term_taken"
    assert Booking.objects.count() == 2
    assert hold(client, official="nikdo").status_code == 404
    assert hold(client, service="povoleni", official="dvorak").status_code == 409


@pytest.mark.parametrize(
    ("query", "services", "path"),
    [
        ("", ["rodny-list", "ohlaseni", "povoleni"], "/lhota/objednat/"),
        ("official=dvorak", ["ohlaseni"], "/lhota/urednik/dvorak/"),
        ("department=vystavba", ["ohlaseni", "povoleni"], "/lhota/odbor/vystavba/"),
        ("service=povoleni&most=2", ["povoleni"] * 2, "/lhota/objednat/povoleni/"),
    ],
)
@pytest.mark.real_time
def test_the_next_slots(client: Client, query: str, services: list[str], path: str) -> None:
    found = client.get(f"{V1}/slots?{query}").json()
    assert sorted(one["service"] for one in found["slots"]) == sorted(services)
    assert found["path"] == path
    assert all(client.get(one["path"]).status_code == 200 for one in found["slots"])
    assert client.get(found["path"]).status_code == 200


def test_next_slots_of_nobody(client: Client) -> None:
    for wrong in ("official=nikdo", "service=nic", "department=nikde", "official=%3Cb%3E"):
        answer = client.get(f"{V1}/slots?{wrong}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_description_names_it_all(client: Client) -> None:
    said = client.get("/api/v1/openapi.json").json()
    paths = said["paths"]
    assert {"/api/v1/offices/{slug}/slots", "/api/v1/offices/{slug}/officials"} < set(paths)
    asked = paths["/api/v1/offices/{slug}/services/{code}/slots"]["get"]["parameters"]
    assert "official" in {one["name"] for one in asked}
    assert "official" in said["components"]["schemas"]["HoldIn"]["properties"]
