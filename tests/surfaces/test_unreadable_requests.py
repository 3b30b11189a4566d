"""Requests that no program can read: each gets a clear answer of 4xx, and the log stays quiet."""

from __future__ import annotations

import json
import logging
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from prepazka.booking import booking_links
from prepazka.offices import clock
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.web.inbound_sms import callback_token
from tests import halls, town
from tests.raw_requests import FORM, JSON, Program, Reply, cookies_of

pytestmark = pytest.mark.django_db
LONG = "9" * 5000
NUL = "a\x00b"


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> OfficeSnapshot:
    monkeypatch.setattr(clock, "real_now", lambda: town.at("9:00"))
    return town.office()


@pytest.fixture
def program(office: OfficeSnapshot) -> Program:
    return Program()


@pytest.fixture(autouse=True)
def _no_error_is_logged(caplog: pytest.LogCaptureFixture) -> Any:
    yield
    errors = [one for one in caplog.get_records("call") if one.levelno >= logging.ERROR]
    assert not errors, "a request that nobody can read is no fault of the program"


def refused(reply: Reply, *statuses: int) -> None:
    assert reply.status in (statuses or range(400, 500)), (reply.status, reply.text[:300])
    assert "Traceback" not in reply.text
    assert reply.headers["content-security-policy" if reply.status != 405 else "content-length"]


def staff(office: OfficeSnapshot, role: str = "administrator") -> str:
    client = Client()
    client.force_login(town.clerk(office, f"u_{role}", role))
    return cookies_of(client)


@pytest.mark.parametrize(
    "target",
    [
        "/s/%00/",
        "/s/a%00b/x/",
        "/api/v1/tickets/%00",
        "/api/v1/offices/%00",
        "/lhota/objednat/prepis/?misto=%00",
        "/lhota%2f..%2f..%2fetc%2fpasswd",
        "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
        "/static/%00",
        "/static/..%2f..%2fsettings.py",
        "/hlas/%2e%2e/%2e%2e/etc/passwd",
        "/lhota/objednat/prepis/9999-12-31/",
        "/lhota/objednat/prepis/0001-01-01/",
        f"/t/{'A' * 3000}/",
        f"/pult/lhota/kontakt/{LONG}/",
        "/api/v1/tickets/%0d%0aSet-Cookie:x",
        "/%ed%a0%80/",
        "/lhota/?a=" + "&a=" * 2000,
    ],
)
def test_addresses(program: Program, target: str) -> None:
    reply = program.ask("GET", target)
    refused(reply)
    if target.startswith("/api/"):
        assert reply.is_problem


def test_a_number_of_thousands_of_digits(program: Program, office: OfficeSnapshot) -> None:
    refused(program.ask("GET", f"/lhota/objednat/prepis/?osob={LONG}"), 400)
    cookie = staff(office)
    for digits in (LONG, "9" * 200, "9" * 19, "²", "٣", "-1"):
        for target in (
            f"/pult/lhota/recepce/objednat/prepis/?osob={quote(digits)}",
            f"/pult/lhota/telefon/?osob={quote(digits)}",
            f"/pult/lhota/recepce/?hledat={quote(digits)}:30",
            f"/sprava/lhota/kdo-co/?kdo={quote(digits)}",
            f"/lhota/nazivo.csv?dni={quote(digits)}",
        ):
            assert program.ask("GET", target, cookies=cookie).status < 500, target


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "0001-W01-1", "2026-13-45", "%00"])
def test_days_far_away(program: Program, office: OfficeSnapshot, day: str) -> None:
    cookie = staff(office)
    for target in (
        f"/lhota/objednat/prepis/{day}/",
        f"/pult/lhota/recepce/?den={day}",
        f"/pult/lhota/telefon/?den={day}",
        f"/pult/lhota/recepce/objednat/prepis/?od={day}",
        f"/pult/lhota/schuzky/?den={day}",
        f"/pult/lhota/volani/?den={day}",
        f"/sprava/lhota/kdo-co/?od={day}&do={day}",
        f"/sprava/lhota/zpravy/?den={day}&od={day}",
        f"/sprava/lhota/volani/?den={day}",
        f"/sprava/lhota/?den={day}&od={day}",
    ):
        reply = program.ask("GET", target, cookies=cookie)
        assert reply.status < 500, target
        if day == "%00":
            refused(reply, 400, 404)


@pytest.mark.parametrize(
    "starts_at",
    [
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "1899-12-31T00:00:00Z",
        "2200-01-01T00:00:00Z",
        "2026-11-23T09:00:00",
        "\x00",
        "1e308",
    ],
)
def test_instants_far_away(program: Program, office: OfficeSnapshot, starts_at: str) -> None:
    wanted = json.dumps({"service": "prepis", "starts_at": starts_at})
    reply = program.ask("POST", "/api/v1/offices/lhota/holds", wanted, JSON)
    refused(reply, 400, 422)
    assert reply.is_problem
    token = booking_links.sign_token(town.confirmed(office).pk, "personal")
    wanted = json.dumps({"starts_at": starts_at})
    refused(program.ask("POST", f"/api/v1/bookings/{token}/move", wanted, JSON), 400, 422)
    form = f"starts_at={quote(starts_at)}"
    for target in (
        "/lhota/objednat/prepis/2026-11-24/?osob=1",
        f"/objednavka/{token}/zmenit/2026-11-24/",
        f"/nahradni/{booking_links.sign_token(town.confirmed(office, '10:00').pk, 'offer')}/",
    ):
        assert program.ask("POST", target, form, FORM).status < 500
    cookie = staff(office)
    for target in (
        "/pult/lhota/recepce/objednat/prepis/",
        "/pult/lhota/telefon/misto/?ukon=prepis",
    ):
        reply = program.ask(
            "POST", target, f"{form}&place={quote(starts_at)}", FORM, cookies=cookie
        )
        assert reply.status < 500


@pytest.mark.parametrize(
    "body",
    [
        '{"grant":1e999,"events":[]}',
        '{"grant":NaN,"events":[]}',
        '{"grant":Infinity,"events":[]}',
        '{"grant":-1e999,"events":[]}',
        f'{{"grant":{LONG},"events":[]}}',
        '{"grant":99999999999999999999,"events":[]}',
        '{"grant":1,"events":[{"seq":1,"body":"\\u0000","sig":"\\ud800"}]}',
        '{"grant":1,"events":[{"seq":1.5,"body":"","sig":"é"}]}',
        '{"grant":1,"grant":2,"events":[]}',
        '{"grant":{},"events":[]}',
        '{"grant":[],"events":5}',
        "[" * 100_000,
        '{"a":' * 5000 + "1" + "}" * 5000,
        "[]",
        "null",
        "1",
        '"\\u0000"',
        b"\xff\xfe{\x00}\x00",
        b'{"grant":1,"events":["\xff"]}',
        "",
    ],
)
def test_json_that_is_none(program: Program, office: OfficeSnapshot, body: bytes | str) -> None:
    cookie, kiosk = staff(office), cookies_of(halls.paired(office, "kiosk", town.at("9:00")))
    refusals = [
        program.ask("POST", "/offline/log/", body, JSON),
        program.ask("POST", "/kiosk/zasoba/", body, JSON, cookies=kiosk),
        program.ask("POST", "/pult/lhota/bez-site/data/", body, JSON, cookies=cookie),
        program.ask("POST", "/pult/lhota/bez-site/konec/", body, JSON, cookies=cookie),
    ]
    for reply in refusals:
        assert 400 <= reply.status < 500, (reply.status, reply.text[:200])
    for path in ("offices/lhota/holds", "holds/x.y/contact"):
        reply = program.ask("POST", f"/api/v1/{path}", body, JSON)
        refused(reply)
        assert reply.is_problem


@pytest.mark.parametrize(
    "more",
    [
        '"loaded":1e308',
        '"loaded":NaN',
        '"loaded":-9007199254740991',
        '"loaded":true,"clock":1e15',
        '"version":"\\ud800"',
        '"version":"\\u0000"',
        '"version":["a"],"log":9007199254740991',
        '"log":-1,"clock":"x"',
    ],
)
def test_what_a_kiosk_reports(program: Program, office: OfficeSnapshot, more: str) -> None:
    kiosk = cookies_of(halls.paired(office, "kiosk", town.at("9:00")))
    browser = "a" * 32
    body = f'{{"browser":"{browser}",{more}}}'
    assert program.ask("POST", "/kiosk/zasoba/", body, JSON, cookies=kiosk).status in {200, 400}


@pytest.mark.parametrize("language", ["cs\x00", "x" * 12, "č", 5, None, "../x"])
def test_the_language_of_a_ticket(program: Program, office: OfficeSnapshot, language: Any) -> None:
    client = halls.paired(office, "kiosk", town.at("9:00"))
    token = client.cookies["kiosk"].value if "kiosk" in client.cookies else ""
    token = token or next(iter(client.cookies.values())).value
    bearer: dict[str, str | bytes] = {"authorization": f"Bearer {token}"}
    good = json.dumps({"service": "prepis", "language": "cs"})
    assert program.ask("POST", "/api/v1/kiosk/tickets", good, JSON, bearer).status == 200
    for path, body in (("tickets", {"service": "prepis"}), ("check-ins", {"pin": "1234"})):
        sent = json.dumps(body | {"language": language})
        reply = program.ask("POST", f"/api/v1/kiosk/{path}", sent, JSON, bearer)
        refused(reply, 400, 422)
        assert reply.is_problem


def test_a_name_with_nul(program: Program, office: OfficeSnapshot) -> None:
    token = booking_links.sign_token(town.hold(office, "11:00").pk, "hold")
    sent = json.dumps({"name": NUL, "email": "a@b.example"})
    reply = program.ask("POST", f"/api/v1/holds/{token}/contact", sent, JSON)
    refused(reply, 400)
    assert reply.is_problem
    refused(program.ask("POST", f"/termin/{token}/", "name=a%00b&email=a@b.example", FORM), 400)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (f"{FORM}; charset=utf-16", 415),
        (f"{FORM}; charset=utf-7", 415),
        (f"{FORM}; charset=base64", 415),
        (f"{FORM}; charset=idna", 415),
        (f"{FORM}; charset=windows-1250", 415),
        (f"{FORM}; charset=nonsense", 415),
        (f"{FORM}; charset=", 415),
        (f"{FORM}; charset*=nonsense''x", 400),
        (f"{FORM}; charset*=utf-8''utf-16", 415),
        (f"{FORM}; charset=a\x00b", 400),
        ("multipart/form-data; boundary=", 400),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=é", 400),
        ("multipart/form-data; boundary=x; charset=utf-16", 415),
        (";;;", None),
        ("x" * 9000, None),
    ],
)
def test_encodings(program: Program, office: OfficeSnapshot, kind: str, status: int | None) -> None:
    token = booking_links.sign_token(town.hold(office, "11:00").pk, "hold")
    for target in ("/ucet/login/", f"/termin/{token}/", "/lhota/objednat/prepis/2026-11-24/"):
        for body in (b"name=x&starts_at=\xff\xfe", b"--x\r\n\r\n"):
            reply = program.ask("POST", target, body, kind)
            refused(reply, status) if status else None
            assert reply.status < 500
    reply = program.ask("POST", "/api/v1/offices/lhota/holds", b"{}", kind)
    refused(reply, *([status] if status in {400, 415} and "charset" in kind else [400, 415, 422]))
    assert reply.is_problem
    assert program.ask("GET", "/lhota/?a=1", kind=kind).status in {200, 400, 415}


def test_utf_8_is_taken_whatever_its_case(program: Program) -> None:
    for charset in ("UTF-8", "utf8", '"utf-8"', "us-ascii"):
        reply = program.ask("POST", "/ucet/login/", b"login=x", f"{FORM}; charset={charset}")
        assert reply.status == 403, "past the look at the request: no token of a form was sent"


@pytest.mark.parametrize(
    "part",
    [
        b'Content-Disposition: form-data; name="name\x00"\r\n\r\nx',
        b'Content-Disposition: form-data; name="name"\r\n\r\na\x00b',
        b"Content-Disposition: form-data; name*=nonsense''x\r\n\r\nx",
        b"Content-Disposition: form-data; name=\"f\"; filename*=utf-16''%00\r\n\r\nx",
        b'Content-Disposition: form-data; name="f"\r\nContent-Transfer-Encoding: base64\r\n\r\n%%',
        b'Content-Disposition: form-data; name="f"; filename="a"\r\nContent-Type: x; charset=idna\r\n\r\nx',
        b"Content-Disposition: form-data\r\n\r\nx",
        b"\x00\r\n\r\n\x00",
        b"A" * 200_000,
    ],
)
def test_parts_of_forms(program: Program, office: OfficeSnapshot, part: bytes) -> None:
    body, kind = b"--q\r\n" + part + b"\r\n--q--\r\n", "multipart/form-data; boundary=q"
    token = booking_links.sign_token(town.hold(office, "11:00").pk, "hold")
    for target in (f"/termin/{token}/", "/offline/log/", "/api/v1/offices/lhota/holds"):
        refused_or_shown = program.ask("POST", target, body, kind)
        assert 300 <= refused_or_shown.status < 500


@pytest.mark.parametrize(
    "cookie",
    [
        'sessionid="aaaa\\000bbbb"',
        'csrftoken="\\000"',
        "sessionid=" + "a" * 5000,
        'x="\\015\\012"',
        "=;=;;;==",
        "sessionid=é\x80",
    ],
)
def test_cookies(program: Program, cookie: str) -> None:
    reply = program.ask("GET", "/pult/", cookies=cookie)
    assert reply.status < 500
    if "\\0" in cookie:
        refused(reply, 400)
        assert "max-age=0" in reply.headers["set-cookie"].lower(), "the next request is readable"


def test_headers_that_are_large_or_odd(program: Program) -> None:
    refused(program.ask("GET", "/", headers={"x-a": "a" * 70_000}), 431)
    reply = program.ask("GET", "/api/v1/offices", headers={"cookie": "a=" + "a" * 70_000})
    refused(reply, 431)
    assert reply.is_problem
    odd: list[dict[str, str | bytes]] = [
        {"x-a": "a\x00b"},
        {"referer": "http://[::1"},
        {"accept-language": "cs;q=x,\x01"},
        {"accept-language": "x" * 5000},
        {"x-forwarded-for": "\x00, é, 999.9.9.9"},
        {"accept": "a/b/c;q=1e999, ;"},
        {"if-none-match": '"' * 500},
        {"if-modified-since": "Fri, 31 Dec 9999 23:59:59 GMT"},
        {"range": "bytes=-1-99999999999999999999"},
        {"content-length": "-5"},
        {"idempotency-key": "\x00"},
        {"authorization": "Bearer " + "\xff" * 300},
        {"host": b"\xff\xfe"},
    ]
    for headers in odd:
        for target in ("/", "/ucet/login/", "/api/v1/offices", "/api/v1/offices/lhota/queue"):
            assert program.ask("GET", target, headers=headers).status < 500, headers
            reply = program.ask("POST", target, b"{}", JSON, headers=headers)
            assert 400 <= reply.status < 500, (headers, target, reply.status)


def test_a_query_of_raw_bytes(program: Program) -> None:
    for query in ("a=\xff", "\x80=\x00", "%ff=%fe", "a=%ed%a0%80", "%"):
        for path in ("/", "/lhota/", "/api/v1/offices", "/api/v1/offices/lhota/slots"):
            assert program.ask("GET", f"{path}?{query}").status < 500


def test_methods_that_nobody_knows(program: Program) -> None:
    for method in ("BREW", "TRACE", "CONNECT", "PROPFIND", "get", "OPTIONS", "\xe9"):
        for target in ("/", "/lhota/", "/ucet/login/", "/t/X/", "/kiosk/zasoba/"):
            assert program.ask(method, target).status < 500, (method, target)
    for method in ("TRACE", "CONNECT"):
        for target in ("/", "/lhota/", "/ucet/login/", "/static/looks/prepazka.css"):
            assert program.ask(method, target).status == 405, (method, target)
    for method in ("BREW", "PUT", "TRACE"):
        reply = program.ask(method, "/api/v1/offices")
        assert (reply.status, reply.headers["allow"]) == (405, "GET")
        assert reply.is_problem


def test_every_error_of_the_api_is_a_problem(
    program: Program, office: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds = "/api/v1/offices/lhota/holds"
    replies = {
        400: program.ask("POST", holds, "{", JSON),
        401: program.ask("GET", "/api/v1/offices/lhota/queue"),
        404: program.ask("GET", "/api/v1/nothing"),
        405: program.ask("DELETE", holds),
        413: program.ask("POST", holds, b" " * 300_000, JSON),
        415: program.ask("POST", holds, b"{}", f"{JSON}; charset=utf-16"),
        422: program.ask("POST", holds, b"{}", JSON),
    }
    for status, reply in replies.items():
        refused(reply, status)
        assert reply.is_problem, (status, reply.text)
    assert replies[401].headers["www-authenticate"] == "Bearer"


def test_a_fault_of_the_api_is_a_problem(
    program: Program,
    office: OfficeSnapshot,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("prepazka.surfaces.api.api.serializers.office", lambda _: 1 / 0)
    reply = program.ask("GET", "/api/v1/offices")
    assert reply.status == 500
    assert reply.is_problem
    assert "ZeroDivision" not in reply.text
    assert any(one.exc_info for one in caplog.records), "but it is noted"
    caplog.clear()


def test_the_host_of_others(
    program: Program, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    for host in ("evil.example", "testserver.evil.example", "a b", "testserver:x", "", "é"):
        reply = program.ask("GET", "/ucet/login/", headers={"host": host})
        refused(reply, 400)
        assert "evil" not in reply.text
    assert not [one for one in caplog.records if one.levelno >= logging.ERROR]


def test_callbacks_of_gateways(program: Program, office: OfficeSnapshot) -> None:
    bodies: list[bytes | str] = [
        '{"messageId":"\\u0000","status":"delivered"}',
        '{"messageId":"\\ud800","status":"delivered"}',
        '{"messageId":1e999,"status":"delivered"}',
        "[" * 100_000,
        "<item><id>a\x00</id><status>delivered</status></item>",
        b"messageId=%00&status=delivered",
        b"\xff\xfe",
        "",
    ]
    for gateway in ("gosms", "bulkgate", "smsmanager", "smsbrana"):
        target = f"/zpravy/sms/{gateway}/{callback_token(gateway)}/"
        for body in bodies:
            assert program.ask("POST", target, body, JSON).status in {200, 400}
        multipart = program.ask("POST", target, b"--q--", "multipart/form-data; boundary=q")
        refused(multipart, 400)
        refused(program.ask("GET", f"{target}?messageId=%00&status=delivered"), 400)
        assert program.ask("POST", target, f'{{"messageId":"1","n":{10**20}}}', JSON).status == 200


def test_the_language_of_a_refusal(program: Program) -> None:
    assert "nejde přečíst" in program.ask(
        "POST", "/lhota/", b"", "multipart/form-data"
    ).text.replace("\xa0", " ")
    english = program.ask("POST", "/en/lhota/", b"", "multipart/form-data")
    assert "cannot be read" in english.text.replace("\xa0", " ")
