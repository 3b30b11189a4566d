"""Whom the limits count: strangers by network behind our proxies, the office's own by account."""

from __future__ import annotations

import base64
import json
from typing import Any

import altcha
import pytest
from django.test import Client, RequestFactory

from prepazka.accounts import tokens
from prepazka.booking import networks
from prepazka.booking.models import Booking, BookingState
from prepazka.core.hold_limits import CITIZEN, SIGNED_IN, UNSEEN, Asker
from prepazka.offices import devices
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.reporting import health
from prepazka.web import limits, proof
from prepazka.web.limits import asker_of
from prepazka.web.models import RateCount
from tests import citizen, town
from tests.citizen import TIMES, Clock, words

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
LOCAL = "127.0.0.1"
V1 = "/api/v1"
CLOCKS = ("8:00", "9:00", "10:00", "11:00", "13:00", "14:00", "15:00", "16:00")


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Clock:
    settings.RATE_LIMITS = True
    settings.TRUSTED_PROXIES = 1
    monkeypatch.setattr("prepazka.surfaces.api.api.now", lambda: NOW)
    monkeypatch.setattr(proof, "COST", 1)
    return Clock(monkeypatch)


def through(*forwarded: str) -> Any:
    """What a request carries that came through our proxy on this machine."""
    return {"REMOTE_ADDR": LOCAL, "HTTP_X_FORWARDED_FOR": ", ".join(forwarded)}


def asker(**more: Any) -> Any:
    return asker_of(RequestFactory().get("/", **more), now=NOW)


def choose(client: Client, number: int, path: str = TIMES, **more: Any) -> Any:
    """Hold one of the eight times of the day, through the pages."""
    clock = CLOCKS[number % 8]
    client.cookies.pop("hold", None)  # as another browser
    return client.post(path, {"starts_at": town.at(clock).isoformat()}, **more)


class TestNetworks:
    @pytest.mark.parametrize(
        ("address", "same", "other"),
        [
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("2001:db8:1:2::7", "2001:db8:1:2:ffff::1", "2001:db8:1:3::7"),
            ("::ffff:192.0.2.7", "192.0.2.7", "192.0.2.8"),
        ],
    )
    def test_behind_our_proxy_the_forwarded_address_counts(
        self, address: str, same: str, other: str
    ) -> None:
        keys = asker(**through(address)).keys
        assert keys == asker(**through(same)).keys
        assert keys[0] != asker(**through(other)).keys[0]

    def test_ipv6_is_counted_at_three_widths(self) -> None:
        first = asker(**through("2001:db8:1:2::7")).keys
        near = asker(**through("2001:db8:1:9::7")).keys
        far = asker(**through("2001:db8:1:ff00::7")).keys
        assert (first[0] == near[0], first[1] == near[1], first[2] == near[2]) == (
            False,
            True,
            True,
        )
        assert (first[1] == far[1], first[2] == far[2]) == (False, True)

    def test_what_a_visitor_writes_before_our_entry_counts_for_nothing(self) -> None:
        forged = asker(**through("203.0.113.9", "192.0.2.7"))
        assert forged.keys == asker(**through("192.0.2.7")).keys

    def test_no_address_is_kept_in_plain(self, client: Client) -> None:
        town.office()
        assert choose(client, 0, **through("192.0.2.7")).status_code == 302
        booking = Booking.objects.get()
        assert len(booking.network) == 32
        assert "192.0.2.7" not in repr(vars(booking))

    def test_the_windows_count_the_site_too(self) -> None:
        for n in range(4):
            for _ in range(limits.HOLDS.most):
                request = RequestFactory().get("/", **through(f"2001:db8:1:{n}00::1"))
                limits.limit_address(request, limits.HOLDS, now=NOW)
        fifth = RequestFactory().get("/", **through("2001:db8:1:500::1"))
        with pytest.raises(limits.TooManyTries):
            limits.limit_address(fifth, limits.HOLDS, now=NOW)


class TestOwnPeople:
    def test_staff_signed_in_are_counted_by_account(self, client: Client) -> None:
        office = town.office(quota=8)
        client.force_login(town.clerk(office))
        for n in range(8):
            assert choose(client, n, **through("192.0.2.7")).status_code == 302
        assert {b.expires_at for b in Booking.objects.all()} == {NOW + limits.HOLDS.per}
        assert not Booking.objects.filter(crowds=True).exists()
        stranger = Client()
        assert choose(stranger, 0, **through("192.0.2.7")).status_code == 302

    def test_tokens_of_staff_and_of_kiosks(self) -> None:
        office = town.office()
        token = tokens.make_token(user=town.clerk(office), name="t", now=NOW)
        bearer = asker(HTTP_AUTHORIZATION=f"Bearer {token}", **through("192.0.2.7"))
        assert (bearer.limits, bearer.crowd) == (SIGNED_IN, False)
        code = devices.make_pairing_code(device=town.kiosk(office), now=NOW)
        _device, paired = devices.pair_device(code=code, kind="kiosk", now=NOW)
        kiosk = asker(HTTP_AUTHORIZATION=f"Bearer {paired}", **through("192.0.2.7"))
        assert kiosk.limits is SIGNED_IN
        assert len({bearer.keys, kiosk.keys, asker(**through("192.0.2.7")).keys}) == 3

    def test_a_wrong_token_is_a_stranger(self) -> None:
        assert asker(HTTP_AUTHORIZATION="Bearer x", **through("192.0.2.7")).limits is CITIZEN


class TestWrongCountOfProxies:
    """Everybody seems to come from this machine: nobody is refused for what others do."""

    def test_people_go_on_booking_and_the_proof_is_asked(
        self, client: Client, settings: Any
    ) -> None:
        settings.TRUSTED_PROXIES = 0
        town.office(quota=8)
        for n in range(12):  # more than a network keeps for ten minutes
            assert choose(client, n, **through(f"192.0.2.{n}")).status_code == 302
        assert asker(**through("192.0.2.7")).limits is UNSEEN
        page = client.get(TIMES, **through("192.0.2.7"))
        assert "data-challenge" in page.content.decode()

    def test_health_and_the_log_say_it(
        self, client: Client, settings: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.TRUSTED_PROXIES = 0
        town.office()
        for n in range(3):
            choose(client, n, **through("192.0.2.7"))
        assert sum("PREPAZKA_TRUSTED_PROXIES" in one.message for one in caplog.records) == 1
        assert health.health_answer(_health())[1]["visitors_hidden"] is True

    def test_a_right_count_says_nothing(self, client: Client) -> None:
        town.office()
        choose(client, 0, **through("192.0.2.7"))
        assert health.health_answer(_health())[1]["visitors_hidden"] is False

    def test_too_many_proxies_are_noticed_too(self, settings: Any) -> None:
        settings.TRUSTED_PROXIES = 2
        assert asker(**through("192.0.2.7")).limits is UNSEEN


def _health() -> Any:
    from django.db import connection  # noqa: PLC0415  # the cursor of this test's transaction

    with connection.cursor() as cursor:
        return health.health_of_database(cursor, now=NOW)


class TestRefused:
    def test_the_person_reads_the_number_and_when(self, client: Client) -> None:
        office = town.office(quota=8, proof="never")
        office.row.phone = "+420 777 123 456"
        office.row.save()
        for n in range(20):
            choose(client, n, **through("192.0.2.7"))
        assert Booking.objects.filter(state=BookingState.HELD).count() == 20
        answer = choose(client, 20, **through("192.0.2.7"))
        assert answer.status_code == 429
        assert answer["Retry-After"] == "180"
        assert "znovu za 3 min" in words(answer)
        assert "se obraťte na úřad: 777 123 456" in words(answer)
        assert 'href="tel:+420777123456"' in answer.content.decode()
        english = choose(client, 20, f"/en{TIMES}", **through("192.0.2.7"))
        assert "try again in 3 min, or contact the office: 777 123 456" in words(english)


def api_hold(client: Client, number: int = 0, **more: Any) -> Any:
    clock = CLOCKS[number % 8]
    body = {"service": "prepis", "starts_at": town.at(clock).isoformat(), **more.pop("body", {})}
    return client.post(f"{V1}/offices/lhota/holds", json.dumps(body), "application/json", **more)


def solved(challenge: dict[str, Any]) -> str:
    task = altcha.Challenge.from_dict(challenge)
    payload = altcha.Payload(challenge=task, solution=altcha.solve_challenge(task))  # type: ignore[arg-type]
    return base64.b64encode(json.dumps(payload.to_dict()).encode()).decode()


class TestApi:
    @pytest.fixture
    def office(self) -> OfficeSnapshot:
        return town.office(quota=8, proof="always")

    def task(self, client: Client, **more: Any) -> Any:
        return client.get(f"{V1}/offices/lhota/proof?service=prepis", **more).json()

    def test_without_a_proof_six_with_one_more(
        self, client: Client, office: OfficeSnapshot
    ) -> None:
        address = through("192.0.2.7")
        for n in range(proof.WITHOUT_PROOF.most):
            assert api_hold(client, n, **address).status_code == 201
        refused = api_hold(client, 6, **address)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_holds")
        assert "urad@lhota.example" in refused.json()["title"]
        task = self.task(client, **address)
        assert task["asked"] is True
        answer = api_hold(client, 6, body={"proof": solved(task["challenge"])}, **address)
        assert answer.status_code == 201
        again = api_hold(client, 7, body={"proof": solved(task["challenge"])}, **address)
        assert (again.status_code, again.json()["code"]) == (409, "proof_not_valid")

    def test_a_quiet_office_asks_for_none(self, client: Client) -> None:
        town.office()
        assert self.task(client) == {"asked": False, "challenge": None}

    def test_extensions_are_counted(self, client: Client) -> None:
        town.office()
        token = api_hold(client, **through("192.0.2.7")).json()["token"]
        for _ in range(limits.HOLDS.most - 1):
            client.post(f"{V1}/holds/{token}/extend", **through("192.0.2.7"))
        answer = client.post(f"{V1}/holds/{token}/extend", **through("192.0.2.7"))
        assert answer.status_code == 429

    def test_staff_need_no_proof(self, client: Client, office: OfficeSnapshot) -> None:
        token = tokens.make_token(user=town.clerk(office), name="t", now=NOW)
        for n in range(8):
            answer = api_hold(
                client, n, HTTP_AUTHORIZATION=f"Bearer {token}", **through("192.0.2.7")
            )
            assert answer.status_code == 201
        assert not RateCount.objects.filter(scope__startswith="no-proof").exists()


def test_a_crowd_turns_the_proof_on_by_itself(client: Client) -> None:
    office = town.office(quota=8)
    assert "data-challenge" not in client.get(TIMES).content.decode()
    half = -(-networks.crowded_ceiling(office) // proof.BUSY_SHARE)
    for n in range(half):
        keys = (f"robot {n}",) * 3
        town.hold(
            office,
            CLOCKS[n % 8],
            asker=Asker(keys, CITIZEN),
        )
    assert "data-challenge" in client.get(TIMES).content.decode()
    assert citizen.hidden(client.get(TIMES), "request_key")
