"""SMPP 3.4, with one bound session per process that is reused until it is idle."""

from __future__ import annotations

import itertools
import logging
import struct
import time
from threading import Lock
from urllib.parse import urlsplit

from django.conf import settings
from smpplib import consts, exceptions, gsm
from smpplib.client import Client

from prepazka.gateways.sms import sms_http
from prepazka.messaging.message_types import Sent, Sms, Undeliverable

USUAL_PORT = 2775
ANSWERS_WITHIN = 6.0
# A session idle for longer is bound again, as peers drop idle sessions without our noticing.
IDLE = 20.0
LONGEST_PDU = 64 * 1024
PERMANENT = {
    consts.SMPP_ESME_RINVDSTADR: "the number is not valid",
    consts.SMPP_ESME_RINVMSGLEN: "the text is too long",
}

logging.getLogger("prepazka.smpp").setLevel(logging.ERROR)


class Peer(Client):  # type: ignore[misc]  # no types published
    """A client that refuses packets of implausible length."""

    def _recv_exact(self, exact_size: int) -> bytes:
        if not 0 <= exact_size <= LONGEST_PDU:
            raise exceptions.PDUError("a packet of a senseless length")
        packet: bytes = super()._recv_exact(exact_size)
        return packet


def connect_to_centre(timeout: float) -> Peer:
    """A connection to the SMS centre of the settings, not bound yet."""
    address = urlsplit(settings.SMS_URL if "//" in settings.SMS_URL else f"//{settings.SMS_URL}")
    client = Peer(
        address.hostname or "localhost",
        address.port or USUAL_PORT,
        timeout=timeout,
        logger_name="prepazka.smpp",
        allow_unknown_opt_params=True,
    )
    client.connect()
    return client


def account_of() -> dict[str, str]:
    """The credentials for binding."""
    return {
        "system_id": settings.SMS_USER,
        "password": settings.SMS_PASSWORD,
        "system_type": settings.SMS_CHANNEL,
    }


class _Session:
    """The reused connection; its methods must be called under its lock."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.client: Peer | None = None
        self.bound_to: tuple[str, str] = ("", "")
        self.used = 0.0
        self.references = itertools.count(1)

    def send(self, sms: Sms) -> Sent:
        """Submit every part and wait for the answer to each."""
        client = self._bound_client()
        texts, coding, kind = gsm.make_parts(sms.text)
        ids = [
            self._submit(client, sms, text, coding, kind, receipt=not number)
            for number, text in enumerate(texts)
        ]
        self.used = time.monotonic()
        return Sent(id=ids[0], parts=len(ids))

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        if self.client is not None:
            self.client.state = consts.SMPP_CLIENT_STATE_OPEN
            self.client.disconnect()
        self.client = None

    def _bound_client(self) -> Peer:
        account = (settings.SMS_URL, settings.SMS_USER)
        if self.client and self.bound_to == account and time.monotonic() - self.used < IDLE:
            return self.client
        self.close()
        self.client = connect_to_centre(ANSWERS_WITHIN)
        self.client.bind_transmitter(**account_of())
        self.bound_to = account
        return self.client

    def _submit(  # what an SMPP message is made of
        self, client: Peer, sms: Sms, text: bytes, coding: int, kind: int, *, receipt: bool
    ) -> str:
        answers: list[str] = []

        def answered(pdu: object, **_: object) -> None:
            if getattr(pdu, "sequence", 0) == sent_pdu.sequence:
                message_id = getattr(pdu, "message_id", None) or b""
                answers.append(message_id.decode("ascii", "replace"))

        client.set_message_sent_handler(answered)
        sent_pdu = client.send_message(
            **_source(sms.sender),
            dest_addr_ton=consts.SMPP_TON_INTL,
            dest_addr_npi=consts.SMPP_NPI_ISDN,
            destination_addr=sms.e164.removeprefix("+"),
            short_message=text,
            data_coding=coding,
            esm_class=kind,
            # Only the id of the first part is stored, so only it needs a receipt.
            registered_delivery=consts.SMPP_SMSC_DELIVERY_RECEIPT_BOTH
            if receipt
            else consts.SMPP_SMSC_DELIVERY_RECEIPT_NONE,
        )
        deadline = time.monotonic() + ANSWERS_WITHIN
        while not answers:
            if time.monotonic() > deadline:
                raise TimeoutError
            client.read_once(auto_send_enquire_link=False)
        return answers[0]


def _source(sender: str) -> dict[str, object]:
    """The source address: a number, a name, or nothing, which lets the peer use its own."""
    if not sender:
        ton, npi = consts.SMPP_TON_UNK, consts.SMPP_NPI_UNK
    elif sender.lstrip("+").isdigit():
        ton, npi = consts.SMPP_TON_INTL, consts.SMPP_NPI_ISDN
    else:
        ton, npi = consts.SMPP_TON_ALNUM, consts.SMPP_NPI_UNK
    return {"source_addr_ton": ton, "source_addr_npi": npi, "source_addr": sender.lstrip("+")}


session = _Session()


def send(sms: Sms) -> Sent:
    """Send a message. Raises Undeliverable."""
    with session.lock:
        try:
            return session.send(sms)
        except exceptions.PDUError as error:
            session.close()
            raise _refused(error) from error
        except TimeoutError as error:
            session.close()
            raise Undeliverable("the gateway did not answer in time", permanent=False) from error
        except (exceptions.ConnectionError, OSError) as error:
            session.close()
            raise Undeliverable("the gateway cannot be reached", permanent=False) from error
        except (exceptions.UnknownCommandError, struct.error, ValueError) as error:
            session.close()
            raise sms_http.failure_of_unknown_answer() from error


def _refused(error: exceptions.PDUError) -> Undeliverable:
    status = error.args[1] if len(error.args) > 1 else None
    if not isinstance(status, int):
        return sms_http.failure_of_unknown_answer()
    why = PERMANENT.get(status) or consts.DESCRIPTIONS.get(status, f"status {status}")
    return sms_http.failure_of_refusal(why, permanent=status in PERMANENT)
