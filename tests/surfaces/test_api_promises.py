"""What the API promises programs: one effect for one key, a contact to correct, a hold to release."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from prepazka.booking import booking_links
from prepazka.booking.models import Booking, BookingState
from prepazka.journal.models import Event
from prepazka.offices import devices
from prepazka.offices.models import Agenda, Device, Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket
from prepazka.surfaces.api import api, auth, ticket_resources
from prepazka.web.models import IdempotentReply
from tests import town
from tests.surfaces.test_api import V1, confirmed, hold, send

pytestmark = pytest.mark.django_db
JANA = {"name": "Jana", "email": "jana@example.cz"}


@pytest.fixture(autouse=True)
def lhota(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    monkeypatch.setattr(api, "now", lambda: town.FRIDAY_BEFORE)
    return town.office()


@pytest.fixture
def client() -> Client:
    return Client(enforce_csrf_checks=True)


def keyed(client: Client, path: str, key: object, said: dict[str, Any] | None = None) -> Any:
    return send(client, path, said, **{"Idempotency-Key": str(key)})


def requests() -> int:
    """How often a message was to ask for the confirmation."""
    return Event.objects.filter(kind="ConfirmationRequested").count()


def test_every_post_declares_the_key_as_a_plain_uuid(client: Client) -> None:
    described = client.get(f"{V1}/openapi.json").json()
    posts = {path: do["post"] for path, do in described["paths"].items() if "post" in do}
    assert len(posts) > 12
    for path, operation in posts.items():
        (key,) = (p for p in operation["parameters"] if p["name"] == "Idempotency-Key")
        assert (key["in"], key["required"]) == ("header", False), path
        assert (key["schema"]["type"], key["schema"]["format"]) == ("string", "uuid"), path


class TestOneEffectForOneKey:
    def test_an_old_move_sent_again_does_not_move_back(self, client: Client) -> None:
        path = f"/bookings/{confirmed(client)['token']}/move"
        key = uuid4()
        first = keyed(client, path, key, {"starts_at": town.at("10:00").isoformat()})
        assert first.json()["starts_at"] == "2026-11-23T10:00:00+01:00"
        keyed(client, path, uuid4(), {"starts_at": town.at("11:00").isoformat()})
        again = keyed(client, path, key, {"starts_at": town.at("10:00").isoformat()})
        assert (again.status_code, again.json()["starts_at"]) == (200, "2026-11-23T11:00:00+01:00")
        assert Booking.objects.get().starts_at == town.at("11:00")
        # The booking is answered as it is then; its PIN and links are stored nowhere for that.
        assert set(IdempotentReply.objects.values_list("answer", flat=True)) == {None}

    def test_a_hold_is_extended_once(self, client: Client) -> None:
        path = f"/holds/{hold(client).json()['token']}/extend"
        key = uuid4()
        answers = [keyed(client, path, key).json() for _ in range(3)]
        assert answers[0] == answers[1] == answers[2]
        assert Booking.objects.get().extended == 1

    def test_one_mail_asks_for_the_confirmation(self, client: Client) -> None:
        path = f"/holds/{hold(client).json()['token']}/contact"
        key = uuid4()
        first, again = (keyed(client, path, key, JANA) for _ in range(2))
        assert (again.status_code, again.json()) == (202, first.json())
        assert requests() == 1

    @pytest.mark.parametrize("step", ["extend", "contact"])
    def test_a_key_of_another_request_is_refused(self, client: Client, step: str) -> None:
        token = hold(client).json()["token"]
        key = uuid4()
        assert keyed(client, f"/holds/{token}/contact", key, JANA).status_code == 202
        other = {"name": "Jan", "email": "jan@example.cz"} if step == "contact" else None
        refused = keyed(client, f"/holds/{token}/{step}", key, other)
        expected = (422, "key_reused")
        assert (refused.status_code, refused.json()["code"]) == expected
        assert Booking.objects.get().email == "jana@example.cz"

    def test_a_refused_request_does_not_use_its_key_up(self, client: Client) -> None:
        path = f"/bookings/{confirmed(client)['token']}/move"
        hold(client, "10:00")
        key, there = uuid4(), {"starts_at": town.at("10:00").isoformat()}
        assert keyed(client, path, key, there).status_code == 409
        Booking.objects.filter(state=BookingState.HELD).delete()
        assert keyed(client, path, key, there).status_code == 200


class TestAKioskSKey:
    @pytest.fixture(autouse=True)
    def _clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for module in (ticket_resources, auth):
            monkeypatch.setattr(module, "now", lambda: town.at("8:50"))

    @staticmethod
    def token(office: OfficeSnapshot, code: str = "kiosk") -> str:
        town.kiosk(office)
        device, _ = Device.objects.get_or_create(
            office=office.row, code=code, defaults={"kind": "kiosk", "name": {"cs": code}}
        )
        code = devices.make_pairing_code(device=device, now=town.at("8:00"))
        return devices.pair_device(code=code, now=town.at("8:00"))[1]

    @staticmethod
    def post(path: str, token: str, key: object, **said: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(key)}
        return Client().post(
            f"{V1}/kiosk/{path}", said, content_type="application/json", headers=headers
        )

    def test_with_another_body_or_operation_gets_no_strangers_ticket(
        self, lhota: OfficeSnapshot
    ) -> None:
        token, key = self.token(lhota), uuid4()
        first = self.post("tickets", token, key, service="prepis").json()
        assert self.post("tickets", token, key, service="prepis").json() == first
        for path, said in (("tickets", {"service": "znacky"}), ("check-ins", {"pin": "1234"})):
            refused = self.post(path, token, key, **said)
            assert (refused.status_code, refused.json()["code"]) == (422, "key_reused")
        assert Ticket.objects.count() == 1

    def test_of_another_kiosk_is_refused(self, lhota: OfficeSnapshot) -> None:
        key = uuid4()
        first, other = (
            self.post("tickets", self.token(lhota, code), key, service="prepis")
            for code in ("kiosk", "kiosk2")
        )
        assert first.json()["number"] == "V1"
        assert (other.status_code, other.json()["code"]) == (422, "key_reused")

    def test_is_known_from_the_release_before(self, lhota: OfficeSnapshot) -> None:
        """Which stored the touch alone, while requests are repeated across an update."""
        token, key = self.token(lhota), uuid4()
        first = self.post("tickets", token, key, service="prepis").json()
        IdempotentReply.objects.all().delete()
        assert self.post("tickets", token, key, service="prepis").json() == first

    def test_with_a_wrong_pin_counts_once(self, lhota: OfficeSnapshot) -> None:
        token, key = self.token(lhota), uuid4()
        for _ in range(6):
            assert self.post("check-ins", token, key, pin="5291").json()["outcome"] == "unknown"


class TestAContactCorrected:
    def test_replaces_the_first_and_mails_again(self, client: Client) -> None:
        token = hold(client).json()["token"]
        send(client, f"/holds/{token}/contact", JANA | {"email": "jnaa@example.cz"})
        mistaken = booking_links.sign_token(Booking.objects.get().pk, "confirm")
        answer = send(client, f"/holds/{token}/contact", JANA)
        assert (answer.status_code, answer.json()["state"]) == (202, "unconfirmed")
        assert requests() == 2
        waiting = Booking.objects.get(state=BookingState.UNCONFIRMED)
        assert waiting.email == "jana@example.cz"
        # Whoever has the first address gets nothing by the link that went there.
        late = send(client, f"/confirmations/{mistaken}")
        assert (late.status_code, late.json()["code"]) == (410, "confirmation_too_late")
        right = booking_links.sign_token(waiting.pk, "confirm")
        assert send(client, f"/confirmations/{right}").json()["state"] == "confirmed"
        assert client.get(f"{V1}/holds/{token}").json()["state"] == "confirmed"

    def test_sent_again_unchanged_answers_the_same(self, client: Client) -> None:
        path = f"/holds/{hold(client).json()['token']}/contact"
        assert send(client, path, JANA).json() == send(client, path, JANA).json()
        assert Booking.objects.count() == 1

    def test_sent_again_after_the_click_shows_no_pin(self, client: Client) -> None:
        """Whoever held the time may have typed another person's address, who has clicked."""
        path = f"/holds/{hold(client).json()['token']}/contact"
        key = uuid4()
        keyed(client, path, key, JANA)
        pk = Booking.objects.get().pk
        send(client, f"/confirmations/{booking_links.sign_token(pk, 'confirm')}")
        for answer in (send(client, path, JANA), keyed(client, path, key, JANA)):
            assert (answer.json()["state"], answer.json()["booking"]) == ("confirmed", None)

    def test_comes_too_late_for_a_confirmed_booking(self, client: Client) -> None:
        token = hold(client).json()["token"]
        send(client, f"/holds/{token}/contact", JANA)
        pk = Booking.objects.get().pk
        send(client, f"/confirmations/{booking_links.sign_token(pk, 'confirm')}")
        refused = send(client, f"/holds/{token}/contact", JANA | {"name": "Jan"})
        assert (refused.status_code, refused.json()["code"]) == (409, "contact_confirmed")
        assert Booking.objects.get().name == "Jana"

    def test_that_is_refused_leaves_the_first(self, client: Client) -> None:
        token = hold(client).json()["token"]
        send(client, f"/holds/{token}/contact", JANA)
        other = {"name": "Jana", "email": "j2@example.cz"}
        taken = hold(client, "10:00").json()["token"]
        send(client, f"/holds/{taken}/contact", other)
        pk = Booking.objects.get(email=other["email"]).pk
        send(client, f"/confirmations/{booking_links.sign_token(pk, 'confirm')}")
        refused = send(client, f"/holds/{token}/contact", other)
        assert refused.status_code == 409, refused.json()
        assert Booking.objects.get(email="jana@example.cz").state == BookingState.UNCONFIRMED


class TestAHold:
    def test_is_released_after_the_contact_too(self, client: Client) -> None:
        token = hold(client).json()["token"]
        send(client, f"/holds/{token}/contact", JANA)
        assert client.delete(f"{V1}/holds/{token}").status_code == 204
        assert hold(client).status_code == 201, "the time is free again"
        assert client.get(f"{V1}/holds/{token}").json()["state"] == "released"
        for step in ("extend", "contact"):
            refused = send(client, f"/holds/{token}/{step}", JANA)
            assert (refused.status_code, refused.json()["code"]) == (410, "hold_released")

    def test_of_a_confirmed_booking_releases_nothing(self, client: Client) -> None:
        token = hold(client).json()["token"]
        send(client, f"/holds/{token}/contact", JANA)
        pk = Booking.objects.get().pk
        send(client, f"/confirmations/{booking_links.sign_token(pk, 'confirm')}")
        assert client.delete(f"{V1}/holds/{token}").status_code == 204
        assert Booking.objects.get().state == BookingState.CONFIRMED

    def test_says_what_became_of_it(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        token = hold(client).json()["token"]
        address = f"{V1}/holds/{token}"
        held = client.get(address).json()
        assert (held["state"], held["expires_at"]) == ("held", "2026-11-20T09:10:00+01:00")
        assert held["starts_at"] == "2026-11-23T09:00:00+01:00"
        send(client, f"/holds/{token}/contact", JANA)
        assert client.get(address).json()["state"] == "unconfirmed"
        monkeypatch.setattr(api, "now", lambda: town.at("9:00"))
        assert client.get(address).json()["state"] == "expired"
        assert client.get(f"{V1}/holds/x.y").status_code == 404


class TestABooking:
    def test_that_needs_no_click_comes_with_the_contact(self, client: Client) -> None:
        Agenda.objects.update(rules_data={"window_min": 60, "horizon_days": 30, "confirm_min": 0})
        Office.objects.update(version=9)
        token = hold(client).json()["token"]
        answer = send(client, f"/holds/{token}/contact", JANA).json()
        assert (answer["state"], answer["expires_at"]) == ("confirmed", None)
        booking = answer["booking"]
        assert len(booking["pin"]) == 4
        assert client.get(f"{V1}/bookings/{booking['token']}").json() == booking

    def test_that_waits_for_the_click_does_not(self, client: Client) -> None:
        token = hold(client).json()["token"]
        assert send(client, f"/holds/{token}/contact", JANA).json()["booking"] is None

    @pytest.mark.real_time
    def test_has_the_links_of_its_page_and_calendar_file(
        self, client: Client, settings: Any
    ) -> None:
        booking = confirmed(client)
        for name in ("manage_url", "ics_url"):
            assert booking[name].startswith(settings.BASE_URL)
            path = booking[name].removeprefix(settings.BASE_URL)
            assert client.get(path).status_code == 200, path
        assert booking["join_url"] is None

    def test_that_is_cancelled_has_no_pin(self, client: Client) -> None:
        booking = confirmed(client)
        assert booking["pin"]
        cancelled = client.delete(f"{V1}/bookings/{booking['token']}").json()
        assert (cancelled["state"], cancelled["pin"]) == ("cancelled_by_citizen", "")


class TestAWrongRequest:
    @pytest.mark.parametrize(
        ("said", "errors"),
        [
            (
                {"service": 1, "starts_at": "x", "persons": 99},
                {
                    "#/service": "Toto má být text.",
                    "#/starts_at": "Toto má být okamžik podle ISO 8601, například"
                    " 2026-11-23T09:00:00+01:00.",
                    "#/persons": "Toto má být nejvýš 50.",
                },
            ),
            ({"service": "prepis"}, {"#/starts_at": "Toto pole je třeba vyplnit."}),
            (
                {"service": "prepis", "starts_at": "2026-11-23T09:00:00"},
                {"#/starts_at": "Okamžik nemá posun od UTC, například +01:00."},
            ),
        ],
    )
    def test_names_each_wrong_field(
        self, client: Client, said: dict[str, Any], errors: dict[str, str]
    ) -> None:
        answer = send(client, "/offices/lhota/holds", said, **{"Accept-Language": "cs"})
        assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
        assert {one["pointer"]: one["detail"] for one in answer.json()["errors"]} == errors

    def test_says_what_is_wrong_with_a_contact(self, client: Client) -> None:
        path = f"/holds/{hold(client).json()['token']}/contact"
        wrong = send(client, path, {"name": "Jana", "email": "jana"}, **{"Accept-Language": "en"})
        assert wrong["Content-Language"] == "en"
        assert wrong.json()["errors"] == [
            {
                "pointer": "#/email",
                "detail": "Enter an e-mail address in the correct format, like jana@example.cz.",
            }
        ]
        neither = send(client, path, {"name": "Jana"}, **{"Accept-Language": "cs"}).json()
        assert neither["errors"] == [
            {"pointer": "#", "detail": "Zadejte e-mailovou adresu, nebo telefonní číslo."}
        ]

    def test_names_a_wrong_parameter(self, client: Client) -> None:
        number = client.get(f"{V1}/offices/lhota/services/prepis/slots?persons=many").json()
        key = keyed(client, f"/holds/{hold(client).json()['token']}/extend", "no-uuid").json()
        assert [one["parameter"] for one in number["errors"]] == ["persons"]
        assert [one["parameter"] for one in key["errors"]] == ["Idempotency-Key"]


def test_what_is_of_one_person_is_not_kept_by_caches(client: Client) -> None:
    booking = confirmed(client)
    held = hold(client, "10:00")
    assert held["Location"] == f"{V1}/holds/{held.json()['token']}"
    for answer in (
        held,
        client.get(held["Location"]),
        client.get(f"{V1}/bookings/{booking['token']}"),
        client.delete(f"{V1}/bookings/{booking['token']}"),
    ):
        assert answer["Cache-Control"] == "no-store"
    assert "Cache-Control" not in client.get(f"{V1}/offices/lhota")


def test_every_public_read_is_open_to_other_sites(client: Client) -> None:
    for path in (
        "offices",
        "offices/lhota",
        "offices/lhota/departments",
        "offices/lhota/officials",
    ):
        answer = client.get(f"{V1}/{path}")
        assert answer["Access-Control-Allow-Origin"] == "*", path
        assert "ETag" in answer["Access-Control-Expose-Headers"]
    held = hold(client)
    assert "Access-Control-Allow-Origin" not in held
    assert "Access-Control-Allow-Origin" not in client.get(held["Location"])


def test_a_slash_too_many_is_sent_on_with_method_and_body(client: Client) -> None:
    answer = client.get(f"{V1}/offices/lhota/services/prepis/slots/?persons=2")
    assert (answer.status_code, answer["Location"]) == (
        308,
        f"{V1}/offices/lhota/services/prepis/slots?persons=2",
    )
    assert send(client, "/offices/lhota/holds/").status_code == 308
    assert client.get(f"{V1}/nothing/").status_code == 404
    assert client.get(f"{V1}//evil.example/").status_code == 404
