"""What a message centre tells us by SMPP: receipts and messages that came, over a session of its own."""

from __future__ import annotations

import logging
import re
import struct
from collections.abc import Callable
from threading import Event
from typing import Any

from smpplib import consts, exceptions

from prepazka.core.gsm7 import BASIC, EXTENDED
from prepazka.gateways.sms import smpp
from prepazka.messaging.port import Incoming, Receipt

log = logging.getLogger(__name__)

Act = Callable[[Receipt | Incoming], None]
# Seconds of silence before we ask whether the peer still lives, and between attempts to bind.
SILENCE, PAUSES = 20.0, (1.0, 2.0, 5.0, 10.0, 30.0)
KIND_BITS, RECEIPT_BIT, HEADER_BIT = 0x3C, 0x04, 0x40
ESCAPE = 0x1B
DELIVERED, ENDED = (
    {"DELIVRD", "2"},
    {"EXPIRED", "DELETED", "UNDELIV", "REJECTD", "3", "4", "5", "8"},
)
STATE = re.compile(r"\bid:(\S+).*?\bstat:(\w+)", re.IGNORECASE | re.DOTALL)


def listen(act: Act, *, stop: Event) -> None:
    """Hear the centre out until told to stop; a lost session is bound anew, later and later."""
    tries = 0
    while not stop.is_set():
        try:
            _session(act, stop)
            tries = 0
        except (exceptions.PDUError, exceptions.ConnectionError, OSError) as error:
            log.warning("the message centre is lost: %s", error or type(error).__name__)
        except (exceptions.UnknownCommandError, struct.error, ValueError) as error:
            log.warning("the message centre makes no sense: %s", error)
        stop.wait(PAUSES[min(tries, len(PAUSES) - 1)])
        tries += 1


def _session(act: Act, stop: Event) -> None:
    client = smpp.connected(smpp.ANSWERS_WITHIN)
    try:
        client.bind_receiver(**smpp.account_of())
        client.set_message_received_handler(lambda pdu, **_: _hear(pdu, act))
        asked = False
        while not stop.is_set():
            client._socket.settimeout(SILENCE)  # noqa: SLF001  # the library has no other way
            try:
                client.read_once(auto_send_enquire_link=False)
                asked = False
            except TimeoutError:
                if asked:
                    raise  # it did not answer the question either
                client.send_pdu(_question(client))
                asked = True
    finally:
        client.state = consts.SMPP_CLIENT_STATE_OPEN
        client.disconnect()


def _question(client: smpp.Peer) -> Any:
    from smpplib.smpp import make_pdu  # noqa: PLC0415  # beside its use

    return make_pdu("enquire_link", client=client)


def _hear(pdu: Any, act: Act) -> int:
    """Act on one message; the centre keeps it and tries again if we could not."""
    try:
        told = told_by(pdu)
        if told:
            act(told)
    except Exception:  # whatever it was, the session goes on
        log.exception("a message of the centre could not be acted on")
        return int(consts.SMPP_ESME_RSYSERR)
    return int(consts.SMPP_ESME_ROK)


def told_by(pdu: Any) -> Receipt | Incoming | None:
    """What a deliver_sm says; a receipt of something still under way says nothing."""
    content = bytes(pdu.short_message or b"") or bytes(pdu.message_payload or b"")
    if pdu.esm_class & KIND_BITS == RECEIPT_BIT:
        return _receipt(pdu, content.decode("latin-1"))
    if pdu.esm_class & HEADER_BIT and content:
        content = content[1 + content[0] :]
    number = _text(pdu.source_addr)
    said = decoded(content, int(pdu.data_coding or 0))
    if number.isdigit() and pdu.source_addr_ton == consts.SMPP_TON_INTL:
        number = f"+{number}"
    return Incoming(number, said) if number else None


def _receipt(pdu: Any, content: str) -> Receipt | None:
    found = STATE.search(content)
    name = _text(pdu.receipted_message_id) or (found[1] if found else "")
    state = found[2].upper() if found else str(pdu.message_state or "")
    if not name or state not in DELIVERED | ENDED:
        return None
    return Receipt(name[:80], state in DELIVERED, state)


def _text(value: object) -> str:
    found = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return found.strip("\0 ")


def decoded(content: bytes, coding: int) -> str:
    """The text in the coding that the message names; what cannot be read is a question mark."""
    if coding == consts.SMPP_ENCODING_ISO10646:
        return content.decode("utf-16-be", "replace")
    if coding == consts.SMPP_ENCODING_ISO88591:
        return content.decode("latin-1")
    if coding == consts.SMPP_ENCODING_DEFAULT:
        return _gsm7(content)
    return content.decode("ascii", "replace")


# The escape stands at its place in the table, and is no character of its own.
TABLE = BASIC[:ESCAPE] + "\x1b" + BASIC[ESCAPE:]
AFTER_ESCAPE = dict(
    zip((0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65), EXTENDED, strict=True)
)


def _gsm7(content: bytes) -> str:
    found, escaped = [], False
    for one in content:
        if one == ESCAPE and not escaped:
            escaped = True
            continue
        found.append(
            AFTER_ESCAPE.get(one, "?") if escaped else TABLE[one] if one < len(TABLE) else "?"
        )
        escaped = False
    return "".join(found)
