"""SMPP 3.4 against our own message centre, and against the npm `smpp` server where it is installed."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prepazka.gateways.sms import send, smpp, smpp_receiver
from prepazka.messaging.message_types import Incoming, Receipt, Sent, Sms, Undeliverable
from tests import needs
from tests.gateways import smpp_peer
from tests.gateways.smpp_peer import Centre, deliver

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


def hear(centre: Centre, *bodies: bytes, refuse: bool = False) -> list[Receipt | Incoming]:
    """What our receiver makes of what the centre says."""
    heard: list[Receipt | Incoming] = []
    stop = Event()

    def act(told: Receipt | Incoming) -> None:
        if refuse:
            raise RuntimeError
        heard.append(told)

    centre.to_tell = list(bodies)
    thread = Thread(target=smpp_receiver.receive_messages, args=(act,), kwargs={"stop": stop})
    thread.start()
    until = time.monotonic() + 30
    while len(centre.told) < len(bodies) and time.monotonic() < until:
        time.sleep(0.01)
    stop.set()
    centre.to_tell = []
    thread.join(5)
    assert not thread.is_alive()
    return heard


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_receiver, "SILENCE", 0.2)
    monkeypatch.setattr(smpp_receiver, "PAUSES", (0.05,))


@pytest.mark.usefixtures("_impatient")
def test_receipts_and_messages_that_came(centre: Centre) -> None:
    text = b"id:%s sub:001 dlvrd:001 submit date:2611 done date:2611 stat:%s err:000 text:"
    heard = hear(
        centre,
        deliver(text % (b"m1", b"DELIVRD"), esm_class=4),
        deliver(text % (b"m2", b"UNDELIV"), esm_class=4),
        deliver(text % (b"m3", b"ACCEPTD"), esm_class=4),
        deliver(b"ANO"),
        deliver("Zrušit".encode("utf-16-be"), coding=8),
        deliver(b"\x05\x00\x03\x09\x02\x01KDY \x1b\x65", esm_class=0x40),
    )
    assert heard == [
        Receipt("m1", delivered=True, why="DELIVRD"),
        Receipt("m2", delivered=False, why="UNDELIV"),
        Incoming("+420777123456", "ANO"),
        Incoming("+420777123456", "Zrušit"),
        Incoming("+420777123456", "KDY €"),
    ]
    assert centre.told == dict.fromkeys(range(1, 7), 0)


@pytest.mark.usefixtures("_impatient")
def test_what_could_not_be_acted_on_stays_with_the_centre(centre: Centre) -> None:
    assert hear(centre, deliver(b"ANO"), refuse=True) == []
    assert centre.told == {1: 8}


@pytest.mark.usefixtures("_impatient")
def test_a_silent_centre_is_bound_anew(centre: Centre) -> None:
    stop = Event()
    thread = Thread(
        target=smpp_receiver.receive_messages, args=(lambda _: None,), kwargs={"stop": stop}
    )
    thread.start()
    until = time.monotonic() + 30
    while centre.binds < 2 and time.monotonic() < until:
        time.sleep(0.01)
    stop.set()
    thread.join(5)
    assert centre.binds >= 2


@given(st.binary(max_size=60), st.integers(0, 255), st.sampled_from([0, 1, 3, 8, 4, 255]))
def test_any_text_can_be_read(content: bytes, esm_class: int, coding: int) -> None:
    pdu = SimpleNamespace(
        short_message=content,
        message_payload=None,
        esm_class=esm_class,
        data_coding=coding,
        source_addr=b"420777123456",
        source_addr_ton=1,
        receipted_message_id=None,
        message_state=None,
    )
    smpp_receiver.parse_delivery(pdu)


NODE = r"""
const smpp = require('smpp');
const server = smpp.createServer(session => {
  session.on('bind_transmitter', p => {
    session.send(p.response({command_status: p.password === 'heslo' ? 0 : 14}));
  });
  session.on('bind_receiver', p => {
    session.send(p.response());
    session.deliver_sm({source_addr_ton: 1, source_addr: '420777123456', short_message: 'Zrušit'});
    session.deliver_sm({source_addr: '420777123456', esm_class: 4, receipted_message_id: 'node-1',
      short_message: 'id:node-1 sub:001 dlvrd:001 stat:DELIVRD err:000 text:'});
  });
  session.on('deliver_sm_resp', p => console.log(JSON.stringify({answered: p.command_status})));
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


@needs.mark("node")
@pytest.mark.skipif(not needs.npm_is_ready(), reason="npm's smpp is not installed")
def test_the_npm_server_understands_us(account: Any) -> None:
    command = [needs.path("node"), "-e", NODE]
    with subprocess.Popen(command, cwd=needs.NPM, stdout=subprocess.PIPE, text=True) as node:
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
            told: list[Receipt | Incoming] = []
            stop = Event()
            Thread(
                target=smpp_receiver.receive_messages,
                args=(told.append,),
                kwargs={"stop": stop},
                daemon=True,
            ).start()
            answers = [json.loads(node.stdout.readline()) for _ in range(2)]
            stop.set()
            assert answers == [{"answered": 0}] * 2
            assert told == [
                Incoming("+420777123456", "Zrušit"),
                Receipt("node-1", delivered=True, why="DELIVRD"),
            ]
        finally:
            smpp.session.close()
            node.terminate()
