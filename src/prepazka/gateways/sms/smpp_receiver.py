"""Receiving of receipts and messages from an SMS centre by SMPP, in a session of its own."""

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
from prepazka.messaging.message_types import Incoming, Receipt

log = logging.getLogger(__name__)

Act = Callable[[Receipt | Incoming], None]
# Seconds of silence before an enquire_link, and pauses between attempts to bind.
SILENCE, PAUSES = 20.0, (1.0, 2.0, 5.0, 10.0, 30.0)
KIND_BITS, RECEIPT_BIT, HEADER_BIT = 0x3C, 0x04, 0x40
ESCAPE = 0x1B
DELIVERED, ENDED = (
    {"DELIVRD", "2"},
    {"EXPIRED", "DELETED", "UNDELIV", "REJECTD", "3", "4", "5", "8"},
)
STATE = re.compile(r"\bid:(\S+).*?\bstat:(\w+)", re.IGNORECASE | re.DOTALL)


def receive_messages(act: Act, *, stop: Event) -> None:
    """Receive until `stop` is set; a lost session is bound again after growing pauses."""
    tries = 0
    while not stop.is_set():
        try:
            _run_session(act, stop)
            tries = 0
        except (exceptions.PDUError, exceptions.ConnectionError, OSError) as error:
            log.warning("the message centre is lost: %s", error or type(error).__name__)
        except (exceptions.UnknownCommandError, struct.error, ValueError) as error:
            log.warning("the message centre makes no sense: %s", error)
        stop.wait(PAUSES[min(tries, len(PAUSES) - 1)])
        tries += 1


def _run_session(act: Act, stop: Event) -> None:
    client = smpp.connect_to_centre(smpp.ANSWERS_WITHIN)
    try:
        client.bind_receiver(**smpp.account_of())
        client.set_message_received_handler(lambda pdu, **_: _process(pdu, act))
        is_enquired = False
        while not stop.is_set():
            client._socket.settimeout(SILENCE)  # noqa: SLF001  # the library has no other way
            try:
                client.read_once(auto_send_enquire_link=False)
                is_enquired = False
            except TimeoutError:
                if is_enquired:
                    raise  # the enquiry was not answered either
                client.send_pdu(_enquiry(client))
                is_enquired = True
    finally:
        client.state = consts.SMPP_CLIENT_STATE_OPEN
        client.disconnect()


def _enquiry(client: smpp.Peer) -> Any:
    from smpplib.smpp import make_pdu  # noqa: PLC0415  # beside its use

    return make_pdu("enquire_link", client=client)


def _process(pdu: Any, act: Act) -> int:
    """Process one message; returns an error status on failure, so that the centre retries."""
    try:
        notice = parse_delivery(pdu)
        if notice:
            act(notice)
    except Exception:  # whatever it was, the session goes on
        log.exception("a message of the centre could not be acted on")
        return int(consts.SMPP_ESME_RSYSERR)
    return int(consts.SMPP_ESME_ROK)


def parse_delivery(pdu: Any) -> Receipt | Incoming | None:
    """The receipt or message of a deliver_sm; None for a receipt without a final state."""
    content = bytes(pdu.short_message or b"") or bytes(pdu.message_payload or b"")
    if pdu.esm_class & KIND_BITS == RECEIPT_BIT:
        return _receipt(pdu, content.decode("latin-1"))
    if pdu.esm_class & HEADER_BIT and content:
        content = content[1 + content[0] :]
    number = _text(pdu.source_addr)
    text = decode_text(content, int(pdu.data_coding or 0))
    if number.isdigit() and pdu.source_addr_ton == consts.SMPP_TON_INTL:
        number = f"+{number}"
    return Incoming(number, text) if number else None


def _receipt(pdu: Any, content: str) -> Receipt | None:
    match = STATE.search(content)
    name = _text(pdu.receipted_message_id) or (match[1] if match else "")
    state = match[2].upper() if match else str(pdu.message_state or "")
    if not name or state not in DELIVERED | ENDED:
        return None
    return Receipt(name[:80], state in DELIVERED, state)


def _text(value: object) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.strip("\0 ")


def decode_text(content: bytes, coding: int) -> str:
    """The text decoded by the message's coding; undecodable characters become question marks."""
    if coding == consts.SMPP_ENCODING_ISO10646:
        return content.decode("utf-16-be", "replace")
    if coding == consts.SMPP_ENCODING_ISO88591:
        return content.decode("latin-1")
    if coding == consts.SMPP_ENCODING_DEFAULT:
        return _gsm7(content)
    return content.decode("ascii", "replace")


# The table with the escape code at its index, as BASIC leaves it out.
TABLE = BASIC[:ESCAPE] + "\x1b" + BASIC[ESCAPE:]
AFTER_ESCAPE = dict(
    zip((0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65), EXTENDED, strict=True)
)


def _gsm7(content: bytes) -> str:
    characters, escaped = [], False
    for byte in content:
        if byte == ESCAPE and not escaped:
            escaped = True
            continue
        characters.append(
            AFTER_ESCAPE.get(byte, "?") if escaped else TABLE[byte] if byte < len(TABLE) else "?"
        )
        escaped = False
    return "".join(characters)
