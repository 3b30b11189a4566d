"""The API: the way of a booking, repeats, and errors that programs and people can read."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.booking import booking_links
from prepazka.booking.models import Booking, BookingState
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.surfaces.api import api
from prepazka.web.limits import CONFIRMATIONS
from tests import town

pytestmark = pytest.mark.django_db
V1 = "/api/v1"


@pytest.fixture(autouse=True)
def lhota(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    monkeypatch.setattr(api, "now", lambda: town.FRIDAY_BEFORE)
    return town.office()


@pytest.fixture
def client() -> Client:
    return Client(enforce_csrf_checks=True)


def send(client: Client, path: str, said: dict[str, Any] | None = None, **headers: str) -> Any:
    return client.post(f"{V1}{path}", said or {}, content_type="application/json", headers=headers)


def hold(client: Client, clock: str = "9:00", key: object = None, **more: Any) -> Any:
    said = {"service": "prepis", "starts_at": town.at(clock).isoformat()} | more
    return send(client, "/offices/lhota/holds", said, **{"Idempotency-Key": str(key or uuid4())})


def confirmed(client: Client) -> dict[str, Any]:
    token = hold(client).json()["token"]
    send(client, f"/holds/{token}/contact", {"name": "Jana", "email": "jana@example.cz"})
    mailed = booking_links.sign_token(Booking.objects.get().pk, "confirm")
    found: dict[str, Any] = send(client, f"/confirmations/{mailed}").json()
    return found


def test_an_office_with_its_services_and_hours(client: Client) -> None:
    assert [o["slug"] for o in client.get(f"{V1}/offices").json()] == ["lhota"]
    found = client.get(f"{V1}/offices/lhota").json()
    assert {s["code"]: s["bookable"] for s in found["services"]} == {
        "prepis": True,
        "znacky": True,
        "pas": True,
    }
    assert found["hours"][0] == {
        "opens_at": "2026-11-20T08:00:00+01:00",
        "closes_at": "2026-11-20T12:00:00+01:00",
    }


def test_a_booking_from_hold_to_cancel(client: Client) -> None:
    held = hold(client)
    assert held.status_code == 201
    assert held.json()["starts_at"] == "2026-11-23T09:00:00+01:00"
    token = held.json()["token"]
    asked = send(client, f"/holds/{token}/contact", {"name": "Jana", "email": "jana@example.cz"})
    assert (asked.status_code, asked.json()["state"]) == (202, "unconfirmed")

    mailed = booking_links.sign_token(Booking.objects.get().pk, "confirm")
    first = send(client, f"/confirmations/{mailed}").json()
    assert (first["state"], len(first["pin"])) == ("confirmed", 4)
    assert send(client, f"/confirmations/{mailed}").json() == first
    assert first["counts_from"] == "2026-11-23T08:30:00+01:00"

    path = f"/bookings/{first['token']}"
    moved = send(client, f"{path}/move", {"starts_at": town.at("10:00").isoformat()}).json()
    assert moved["starts_at"] == "2026-11-23T10:00:00+01:00"
    assert client.get(V1 + path).json() == moved
    assert client.delete(V1 + path).json()["state"] == "cancelled_by_citizen"
    assert client.delete(V1 + path).status_code == 200


def test_a_repeated_hold_is_the_same_hold(client: Client) -> None:
    key = uuid4()
    first, again = hold(client, key=key), hold(client, key=key)
    assert first.json() == again.json()
    assert Booking.objects.count() == 1
    other = hold(client, "10:00", key=key)
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


def test_holds_can_be_extended_and_released(client: Client) -> None:
    token = hold(client).json()["token"]
    assert send(client, f"/holds/{token}/extend").status_code == 200
    assert client.delete(f"{V1}/holds/{token}").status_code == 204
    assert Booking.objects.get().state == BookingState.EXPIRED
    gone = send(client, f"/holds/{token}/contact", {"name": "Jana", "email": "jana@example.cz"})
    assert (gone.status_code, gone.json()["code"]) == (410, "hold_released")


def test_refusals_are_problems_in_the_language_of_the_header(client: Client) -> None:
    hold(client)
    taken = hold(client)
    assert taken["Content-Type"] == "application/problem+json"
    assert taken.json() | {"title": ""} == {
        "type": "about:blank",
        "status": 409,
        "code": "term_taken",
        "title": "",
    }
    czech = send(
        client,
        "/offices/lhota/holds",
        {"service": "prepis", "starts_at": town.at("9:00").isoformat()},
        **{"Accept-Language": "cs"},
    )
    assert czech.json()["title"].startswith("Tento termín právě obsadil někdo jiný.")
    english = send(
        client,
        "/offices/lhota/holds",
        {"service": "prepis", "starts_at": town.at("9:00").isoformat()},
        **{"Accept-Language": "en"},
    )
    assert english.json()["title"].startswith("Somebody else has just booked this time.")


@pytest.mark.parametrize(
    ("path", "said", "status", "code"),
    [
        (
            "/offices/nowhere/holds",
            {"service": "prepis", "starts_at": "2026-11-23T08:00:00Z"},
            404,
            "not_found",
        ),
        (
            "/offices/lhota/holds",
            {"service": "no", "starts_at": "2026-11-23T08:00:00Z"},
            404,
            "not_found",
        ),
        (
            "/offices/lhota/holds",
            {"service": "prepis", "starts_at": "2026-11-23T08:00:00"},
            422,
            "not_understood",
        ),
        (
            "/offices/lhota/holds",
            {"service": "prepis", "starts_at": "2026-11-23T08:07:00Z"},
            409,
            "term_not_offered",
        ),
        (
            "/offices/lhota/holds",
            {"service": "prepis", "starts_at": "2026-11-23T08:00:00Z", "persons": 3},
            422,
            "too_many_persons",
        ),
        ("/holds/x.y/contact", {"name": "Jana", "email": "jana@example.cz"}, 404, "not_found"),
        ("/confirmations/x.y", {}, 404, "not_found"),
        ("/bookings/x.y/move", {"starts_at": "2026-11-23T08:00:00Z"}, 404, "not_found"),
    ],
)
def test_every_error_has_its_code(
    client: Client, path: str, said: dict[str, Any], status: int, code: str
) -> None:
    answer = send(client, path, said)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_wrong_address_is_not_understood(client: Client) -> None:
    token = hold(client).json()["token"]
    answer = send(client, f"/holds/{token}/contact", {"name": "Jana", "email": "jana"})
    assert (answer.status_code, answer.json()["code"]) == (422, "not_understood")


def test_a_token_opens_only_what_it_was_signed_for(client: Client) -> None:
    personal = confirmed(client)["token"]
    assert send(client, f"/confirmations/{personal}").status_code == 404
    assert (
        client.get(
            f"{V1}/bookings/{booking_links.sign_token(Booking.objects.get().pk, 'hold')}"
        ).status_code
        == 404
    )


def test_too_many_mails_to_one_contact_are_refused(client: Client, settings: Any) -> None:
    settings.RATE_LIMITS = True

    def ask() -> Any:
        Booking.objects.update(state=BookingState.EXPIRED)
        token = hold(client).json()["token"]
        return send(client, f"/holds/{token}/contact", {"name": "J", "email": "j@example.cz"})

    assert {ask().status_code for _ in range(CONFIRMATIONS.most)} == {202}
    answer = ask()
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_tries")
    assert 60 <= int(answer["Retry-After"]) <= 3600


@pytest.mark.real_time
def test_django_answers_what_the_edge_would(client: Client) -> None:
    assert client.get(f"{V1}/offices/lhota/monitor").json()["office"] == "lhota"
    assert client.get(f"{V1}/offices/lhota/services/prepis/slots").json()["service"] == "prepis"
    for path in ("nowhere/monitor", "nowhere/services/prepis/slots", "lhota/services/no/slots"):
        missing = client.get(f"{V1}/offices/{path}")
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_the_description_names_every_path_and_problem(client: Client) -> None:
    described = client.get(f"{V1}/openapi.json").json()
    assert {
        "/api/v1/offices",
        "/api/v1/offices/{slug}",
        "/api/v1/offices/{slug}/departments",
        "/api/v1/offices/{slug}/officials",
        "/api/v1/offices/{slug}/slots",
        "/api/v1/offices/{slug}/next",
        "/api/v1/offices/{slug}/queues",
        "/api/v1/offices/{slug}/monitor",
        "/api/v1/offices/{slug}/services/{code}/slots",
        "/api/v1/offices/{slug}/services/{code}/terms",
        "/api/v1/offices/{slug}/proof",
        "/api/v1/offices/{slug}/holds",
        "/api/v1/holds/{token}",
        "/api/v1/holds/{token}/contact",
        "/api/v1/holds/{token}/extend",
        "/api/v1/confirmations/{token}",
        "/api/v1/bookings/{token}",
        "/api/v1/bookings/{token}/mode",
        "/api/v1/bookings/{token}/move",
        "/api/v1/health",
        "/api/v1/kiosk/tickets",
        "/api/v1/kiosk/check-ins",
        "/api/v1/tickets/{code}",
        "/api/v1/offices/{slug}/queue",
        "/api/v1/offices/{slug}/counters",
        "/api/v1/offices/{slug}/counters/{code}/open",
        "/api/v1/offices/{slug}/counters/{code}/take-over",
        "/api/v1/offices/{slug}/counters/{code}/close",
        "/api/v1/offices/{slug}/missed",
        "/api/v1/offices/{slug}/missed/{ticket}/return",
        "/api/v1/offices/{slug}/counter",
        "/api/v1/offices/{slug}/counter/{action}",
    } == set(described["paths"])
    assert "409" in described["paths"]["/api/v1/offices/{slug}/holds"]["post"]["responses"]


RENAMED = [  # deprecated address, its successor
    ("services/prepis/terms?persons=2", "services/prepis/slots?persons=2"),
    ("next?service=prepis&most=3", "slots?service=prepis&most=3"),
    ("next", "slots"),
]


@pytest.mark.parametrize(("old", "new"), RENAMED)
@pytest.mark.real_time
def test_a_deprecated_address_says_so_and_names_its_successor(
    client: Client, old: str, new: str
) -> None:
    before, after = client.get(f"{V1}/offices/lhota/{old}"), client.get(f"{V1}/offices/lhota/{new}")
    slots = after.json().pop("slots")
    assert slots
    assert before.json().pop("terms") == slots
    assert _but(before.json(), "terms", "made_at") == _but(after.json(), "slots", "made_at")
    assert before["Deprecation"] == "@1795996800"
    successor = f"{V1}/offices/lhota/{new}".partition("?")[0]
    assert before["Link"] == f'<{successor}>; rel="successor-version"'
    assert client.get(successor).status_code == 200
    for header in ("Deprecation", "Link", "Sunset"):
        assert header not in after


def test_the_description_marks_what_is_deprecated(client: Client) -> None:
    paths = client.get(f"{V1}/openapi.json").json()["paths"]
    deprecated = {path for path, steps in paths.items() if steps.get("get", {}).get("deprecated")}
    assert deprecated == {
        "/api/v1/offices/{slug}/next",
        "/api/v1/offices/{slug}/services/{code}/terms",
    }
    for path in deprecated:
        successor = f"{path.rpartition('/')[0]}/slots"
        parameters = paths[successor]["get"]["parameters"]  # `language` came after the deprecation
        kept = [p for p in parameters if p["name"] != "language"]
        assert kept == paths[path]["get"]["parameters"]


def _but(body: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in fields}


def test_an_unknown_path_is_a_problem_too(client: Client) -> None:
    answer = client.get(f"{V1}/nothing")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("contact", "stored"),
    [
        ({"email": "jan@exa\u202cmple.cz"}, "jan@example.cz"),
        ({"email": "jan@example.cz\u200f"}, "jan@example.cz"),
        ({"email": "jan@xn--pklad-zsa96e.cz"}, "jan@příklad.cz"),
        ({"email": "jan@localhost"}, None),
        ({"email": "jan@[192.168.0.1]"}, None),
        ({"email": "jan@example.cz", "name": "123"}, None),
        ({"email": "jan@example.cz", "name": "\u202eJan\u200b\t Novák"}, "jan@example.cz"),
    ],
)
def test_contacts_are_cleaned_or_refused(
    client: Client, contact: dict[str, str], stored: str | None
) -> None:
    token = hold(client).json()["token"]
    answer = send(client, f"/holds/{token}/contact", {"name": "Jan Novák"} | contact)
    assert answer.status_code == (202 if stored else 422)
    booking = Booking.objects.get()
    assert (booking.email, booking.name) == ((stored, "Jan Novák") if stored else ("", ""))
