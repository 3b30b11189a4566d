"""SMPP 3.4 against our own message centre, and against the npm `smpp` server where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from prepazka.gateways.sms import send, smpp
from prepazka.messaging.port import Sent, Sms, Undeliverable
from tests.gateways import smpp_peer
from tests.gateways.smpp_peer import Centre

PLAIN = Sms("+420777123456", "Mestsky urad: PIN 1234 @_", "abc-1", sender="Mesto")


@pytest.fixture
def account(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(smpp, "ANSWERS_WITHIN", 0.5)
    settings.SMS_GATEWAY, settings.SMS_USER, settings.SMS_PASSWORD = "smpp", "jmeno", "heslo"
    settings.SMS_CHANNEL = ""
    smpp.session.close()
    yield settings
    smpp.session.close()


@pytest.fixture
def centre(account: Any) -> Iterator[Centre]:
    with smpp_peer.running() as found:
        account.SMS_URL = f"smpp://{found.address}"
        yield found
        smpp.session.close()


def test_one_session_carries_many_messages(centre: Centre) -> None:
    assert [send(PLAIN) for _ in range(3)] == [Sent("m1", 1), Sent("m2", 1), Sent("m3", 1)]
    assert centre.binds == 1
    first = centre.submitted[0]
    assert first.source == (5, 0, "Mesto")
    assert first.destination == (1, 1, "420777123456")
    # In the alphabet of GSM 03.38 the at sign is 0 and the underscore 17.
    assert (first.coding, first.text) == (0, b"Mestsky urad: PIN 1234 \x00\x11")


@pytest.mark.parametrize(
    ("sender", "source"),
    [
        ("", (0, 0, "")),
        ("+420777000111", (1, 1, "420777000111")),
        ("Mesto", (5, 0, "Mesto")),
    ],
)
def test_the_sender(centre: Centre, sender: str, source: tuple[int, int, str]) -> None:
    send(Sms("+420777123456", "a", "k", sender=sender))
    assert centre.submitted[0].source == source


def test_czech_letters_and_long_texts(centre: Centre) -> None:
    send(Sms("+420777123456", "Čekáme Vás", "k", allow_unicode=True))
    assert centre.submitted[0].coding == 8
    assert centre.submitted[0].text.decode("utf-16-be") == "Čekáme Vás"
    text = "".join(chr(ord("a") + n % 26) for n in range(400))
    assert send(Sms("+420777123456", text, "k")).parts == 3
    parts = centre.submitted[1:]
    assert all(one.esm_class & 0x40 and one.text[:2] == b"\x05\x00" for one in parts)
    assert [one.text[4:6] for one in parts] == [b"\x03\x01", b"\x03\x02", b"\x03\x03"]
    assert b"".join(one.text[6:] for one in parts).decode() == text


def test_what_else_the_centre_says_meanwhile(centre: Centre) -> None:
    centre.behaviour = "talk first"
    assert send(PLAIN).id == "m1"


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        (0x0B, True),
        (0x01, True),
        (0x58, False),
        (0x14, False),
        (0x08, False),
        (0x4FF, False),
    ],
)
def test_refused(centre: Centre, status: int, *, permanent: bool) -> None:
    centre.status = status
    with pytest.raises(Undeliverable, match="refused") as refused:
        send(PLAIN)
    assert refused.value.permanent == permanent
    centre.status = 0
    assert send(PLAIN).parts == 1


def test_a_wrong_password_may_be_mended(centre: Centre, account: Any) -> None:
    account.SMS_PASSWORD = "jine"
    with pytest.raises(Undeliverable) as refused:
        send(PLAIN)
    assert not refused.value.permanent
    assert not centre.submitted
    account.SMS_PASSWORD = "heslo"
    assert send(PLAIN).id == "m1"


@pytest.mark.parametrize("behaviour", ["silent", "garbage", "huge", "drop"])
def test_a_broken_centre_is_left_and_bound_anew(centre: Centre, behaviour: str) -> None:
    centre.behaviour = behaviour
    with pytest.raises(Undeliverable) as refused:
        send(PLAIN)
    assert not refused.value.permanent
    centre.behaviour = ""
    centre.let_go.set()
    assert send(PLAIN).parts == 1
    assert centre.binds == 2


def test_after_a_pause_it_binds_anew(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    send(PLAIN)
    monkeypatch.setattr(smpp, "IDLE", 0.0)
    send(PLAIN)
    assert centre.binds == 2


def test_one_that_is_away(account: Any) -> None:
    account.SMS_URL = "127.0.0.1:9"
    with pytest.raises(Undeliverable, match="cannot be reached") as refused:
        send(PLAIN)
    assert not refused.value.permanent


def test_threads_take_turns(centre: Centre) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(send, [PLAIN] * 12))
    assert sorted(one.id for one in found) == sorted(f"m{n}" for n in range(1, 13))
    assert centre.binds == 1


NODE = r"""
const smpp = require('smpp');
const server = smpp.createServer(session => {
  session.on('bind_transmitter', p => {
    session.send(p.response({command_status: p.password === 'heslo' ? 0 : 14}));
  });
  session.on('submit_sm', p => {
    const m = p.short_message;
    console.log(JSON.stringify({to: p.destination_addr, from: p.source_addr, coding: p.data_coding,
      udh: m.udh ? m.udh.length : 0, text: m.message}));
    session.send(p.response({message_id: 'node-1'}));
  });
  session.on('unbind', p => { session.send(p.response()); session.close(); });
  session.on('error', () => {});
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
"""


def has_node_peer() -> bool:
    return (
        bool(shutil.which("node"))
        and not subprocess.run(
            ["node", "-e", "require('smpp')"], capture_output=True, check=False
        ).returncode
    )


@pytest.mark.skipif(not has_node_peer(), reason="no npm package smpp (set NODE_PATH)")
def test_the_npm_server_understands_us(account: Any) -> None:
    with subprocess.Popen(["node", "-e", NODE], stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout
        try:
            account.SMS_URL = f"smpp://127.0.0.1:{node.stdout.readline().strip()}"
            assert send(PLAIN) == Sent("node-1", 1)
            send(Sms("+420777123456", "Čekáme Vás", "k", allow_unicode=True))
            heard = [json.loads(node.stdout.readline()) for _ in range(2)]
            assert heard[0] == {
                "to": "420777123456",
                "from": "Mesto",
                "coding": 0,
                "udh": 0,
                "text": PLAIN.text,
            }
            assert (heard[1]["coding"], heard[1]["text"]) == (8, "Čekáme Vás")
        finally:
            smpp.session.close()
            node.terminate()
