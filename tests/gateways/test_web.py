"""The gateways on the web, against servers that answer as their documentation says they do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from prepazka.gateways.sms import gosms, send, sms_http
from prepazka.messaging.message_types import Sent, Sms, Undeliverable
from tests.gateways import web_peer
from tests.gateways.web_peer import Answer, Peer

PLAIN = Sms("+420777123456", "Mestsky urad: PIN 1234", "abc-1", sender="Mesto")
WIDE = Sms("+420777123456", "Městský úřad: čekáme Vás", "abc-2", allow_unicode=True)
TOKEN: Answer = (
    200,
    "application/json",
    json.dumps({"access_token": "T1", "expires_in": 3600, "token_type": "bearer", "scope": "user"}),
)


def said(status: int, body: Any) -> Answer:
    return status, "application/json", json.dumps(body)


def xml(inside: str) -> Answer:
    return 200, "text/xml", f'<?xml version="1.0" encoding="utf-8"?>\n<result>{inside}</result>'


def line(text: str, status: int = 200) -> Answer:
    return status, "text/plain", text


@pytest.fixture
def peer(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    monkeypatch.setattr(sms_http, "TIMEOUT", httpx.Timeout(0.5, connect=0.5))
    gosms._tokens.clear()
    with web_peer.running() as found:
        settings.SMS_URL, settings.SMS_USER, settings.SMS_PASSWORD = found.url, "jmeno", "heslo"
        settings.SMS_CHANNEL = ""
        yield found


GOSMS_SENT = said(201, {"recipients": {"invalid": []}, "link": "api/v1/messages/377"})
BULKGATE_SENT = said(
    200,
    {
        "data": {
            "status": "accepted",
            "sms_id": "tmpde1bcd4b1d1",
            "part_id": ["a_1", "a_2"],
            "number": "420777123456",
        }
    },
)
BRANA_SENT = xml(
    "<err>0</err><price>1.1</price><sms_count>1</sms_count><credit>33</credit>"
    "<sms_id>377351</sms_id>"
)
SENT = [
    ("gosms", [TOKEN, GOSMS_SENT], "377", 1),
    ("smsbrana", [BRANA_SENT], "377351", 1),
    ("smsbrana", [xml("<err>-1</err>")], "abc-1", 1),  # it has had it before
    ("smsmanager", [line("OK|2314|420777123456\n")], "2314", 1),
    ("bulkgate", [BULKGATE_SENT], "tmpde1bcd4b1d1", 2),
]


@pytest.mark.parametrize(("gateway", "answers", "name", "parts"), SENT)
def test_sent(
    settings: Any, peer: Peer, gateway: str, answers: list[Answer], name: str, parts: int
) -> None:
    settings.SMS_GATEWAY = gateway
    peer.say(*answers)
    assert send(PLAIN) == Sent(name, parts)
    assert len(peer.asked) == len(answers)


# What each gateway says when it will not, and whether it is worth trying again.
REFUSED = [
    ("gosms", [TOKEN, said(201, {"recipients": {"invalid": ["+420777"]}, "link": "x/1"})], True),
    ("gosms", [TOKEN, said(400, {"title": "Bad Request", "detail": "message is empty"})], True),
    ("gosms", [TOKEN, said(403, {"title": "Forbidden", "detail": "no credit"})], False),
    ("gosms", [said(400, {"error": "invalid_client"})], False),
    ("gosms", [TOKEN, said(201, {"recipients": {"invalid": []}})], False),
    ("gosms", [TOKEN, said(500, {})], False),
    ("smsbrana", [xml("<err>10</err>")], True),
    ("smsbrana", [xml("<err>12</err>")], True),
    ("smsbrana", [xml("<err>3</err>")], False),
    ("smsbrana", [xml("<err>9</err>")], False),
    ("smsbrana", [xml("<err>99</err>")], False),
    ("smsbrana", [xml("")], False),
    ("smsmanager", [line("ERROR|201")], True),
    ("smsmanager", [line("ERROR|202", 400)], True),
    ("smsmanager", [line("ERROR|102", 401)], False),
    ("smsmanager", [line("ERROR|105")], False),
    ("smsmanager", [line("OK")], False),
    ("smsmanager", [line("OK|")], False),
    (
        "bulkgate",
        [
            said(
                400,
                {
                    "type": "invalid_phone_number",
                    "code": 400,
                    "error": "Invalid phone number",
                    "detail": None,
                },
            )
        ],
        True,
    ),
    ("bulkgate", [said(200, {"type": "blacklisted_number", "code": 400, "error": "On it"})], True),
    ("bulkgate", [said(401, {"type": "unknown_identity", "code": 401, "error": "Unknown"})], False),
    ("bulkgate", [said(400, {"type": "low_credit", "code": 400, "error": "No funds"})], False),
    ("bulkgate", [said(200, {"data": {"status": "error", "code": "unknown"}})], False),
    ("bulkgate", [said(200, [1])], False),
]


@pytest.mark.parametrize(("gateway", "answers", "permanent"), REFUSED)
def test_refused(
    settings: Any, peer: Peer, gateway: str, answers: list[Answer], *, permanent: bool
) -> None:
    settings.SMS_GATEWAY = gateway
    peer.say(*answers)
    with pytest.raises(Undeliverable) as refused:
        send(PLAIN)
    assert refused.value.permanent == permanent
    assert "heslo" not in str(refused.value)
    assert "777123456" not in str(refused.value)


GATEWAYS = ["gosms", "smsbrana", "smsmanager", "bulkgate"]
GARBAGE = [
    line(""),
    line("<html>502 Bad Gateway</html>", 502),
    line("x" * 100_000),
    line("null"),
    (200, "application/json", '{"data": '),
    line("\x00\x01"),
]


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("answer", GARBAGE, ids=range(len(GARBAGE)))
def test_what_makes_no_sense_is_tried_again(
    settings: Any, peer: Peer, gateway: str, answer: Answer
) -> None:
    settings.SMS_GATEWAY = gateway
    peer.say(answer)
    with pytest.raises(Undeliverable) as refused:
        send(PLAIN)
    assert not refused.value.permanent


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_one_that_hangs_is_left(settings: Any, peer: Peer, gateway: str) -> None:
    settings.SMS_GATEWAY = gateway
    peer.silent.set()
    with pytest.raises(Undeliverable, match="in time") as refused:
        send(PLAIN)
    assert not refused.value.permanent
    assert len(peer.asked) == 1


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_one_that_is_away(settings: Any, peer: Peer, gateway: str) -> None:
    settings.SMS_GATEWAY, settings.SMS_URL = gateway, "http://127.0.0.1:9"
    with pytest.raises(Undeliverable, match="cannot be reached") as refused:
        send(PLAIN)
    assert not refused.value.permanent


def test_the_second_host_is_asked_only_when_the_first_cannot_be_reached(
    settings: Any, peer: Peer
) -> None:
    settings.SMS_GATEWAY, settings.SMS_URL = "smsbrana", f"http://127.0.0.1:9, {peer.url}"
    peer.say(BRANA_SENT)
    assert send(PLAIN).id == "377351"
    settings.SMS_URL = f"{peer.url}, {peer.url}"
    peer.say(xml("<err>9</err>"))
    with pytest.raises(Undeliverable):
        send(PLAIN)
    assert len(peer.asked) == 2


def test_without_a_gateway(settings: Any) -> None:
    settings.SMS_GATEWAY = ""
    with pytest.raises(Undeliverable, match="no gateway"):
        send(PLAIN)


class TestWhatIsAsked:
    def test_gosms_keeps_its_token_until_it_is_refused(self, settings: Any, peer: Peer) -> None:
        settings.SMS_GATEWAY, settings.SMS_CHANNEL = "gosms", "7"
        fresh = said(200, {"access_token": "T2", "expires_in": 3600})
        peer.say(
            TOKEN, GOSMS_SENT, GOSMS_SENT, said(401, {"error": "invalid_grant"}), fresh, GOSMS_SENT
        )
        for _ in range(3):
            send(PLAIN)
        paths = [path for path, _, _ in peer.asked]
        message, token = "/api/v1/messages", "/oauth/v2/token"
        assert paths == [token, message, message, message, token, message]
        assert peer.form(0) == {
            "grant_type": "client_credentials",
            "client_id": "jmeno",
            "client_secret": "heslo",
        }
        assert json.loads(peer.asked[1][2]) == {
            "message": PLAIN.text,
            "recipients": ["+420777123456"],
            "channel": 7,
        }
        sent_with = [headers.get("Authorization") for _, headers, _ in peer.asked]
        assert (sent_with[1], sent_with[5]) == ("Bearer T1", "Bearer T2")

    def test_smsbrana(self, settings: Any, peer: Peer) -> None:
        settings.SMS_GATEWAY = "smsbrana"
        peer.say(BRANA_SENT)
        send(PLAIN)
        form = peer.form()
        assert peer.asked[0][0] == "/smsconnect/http.php"
        assert (form["action"], form["login"], form["number"]) == (
            "send_sms",
            "jmeno",
            "+420777123456",
        )
        assert (form["user_id"], form["sender_id"], form["data_code"]) == ("abc-1", "Mesto", "7bit")
        send(WIDE)
        assert peer.form()["data_code"] == "ucs2"
        assert peer.form()["message"] == WIDE.text

    def test_smsmanager(self, settings: Any, peer: Peer) -> None:
        settings.SMS_GATEWAY, settings.SMS_CHANNEL = "smsmanager", "lowcost"
        peer.say(line("OK|1|420777123456"))
        send(PLAIN)
        assert peer.asked[0][0] == "/Send"
        assert peer.form() == {
            "apikey": "heslo",
            "number": "420777123456",
            "message": PLAIN.text,
            "gateway": "lowcost",
            "customid": "abc-1",
            "sender": "Mesto",
        }

    @pytest.mark.parametrize(
        ("sender", "kind"),
        [
            ("", {"sender_id": "gSystem"}),
            ("Mesto", {"sender_id": "gText", "sender_id_value": "Mesto"}),
            ("+420777000111", {"sender_id": "gOwn", "sender_id_value": "420777000111"}),
        ],
    )
    def test_bulkgate(self, settings: Any, peer: Peer, sender: str, kind: dict[str, str]) -> None:
        settings.SMS_GATEWAY = "bulkgate"
        peer.say(BULKGATE_SENT)
        send(Sms("+420777123456", "č", "abc-3", allow_unicode=True, sender=sender))
        asked = json.loads(peer.asked[0][2])
        assert peer.asked[0][0] == "/api/1.0/simple/transactional"
        assert asked.items() >= kind.items()
        assert (asked["number"], asked["unicode"], asked["tag"]) == ("420777123456", True, "abc-3")
