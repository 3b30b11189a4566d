"""Tickets by telephone: QR codes shown by devices, and the signed passes that scanning gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import segno
from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils.translation import gettext_noop

from prepazka.core.door_codes import code_at, is_code_fresh
from prepazka.core.refusal import Refused
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot

CODE = re.compile(r"([0-9]{1,18})-([a-z2-7]{16})", re.IGNORECASE | re.ASCII)
SALT, HOLDS = "door", timedelta(minutes=5)


class DoorCodeOld(Refused):
    """The scanned code, or its pass, is expired, invalid or of another office; scan again."""

    message = gettext_noop(
        "This code has changed since you scanned it. Go to the door or the kiosk and scan it again."
    )


class DoorOnly(Refused):
    """The office gives tickets by phone only to those who scan its changing code on the spot."""

    message = gettext_noop(
        "You can take a ticket only at the office. Go to the door or the kiosk and scan "
        "the code there."
    )


class NoPhoneTickets(Refused):
    """The office gives no tickets by phone; the kiosk and the desk do."""

    message = gettext_noop(
        "This office does not issue tickets by phone. Take one at the kiosk or at the desk."
    )


@dataclass(frozen=True)
class Pass:
    """The right to one ticket within five minutes, for the services that the device offers."""

    office: int
    touch: UUID
    until: datetime
    services: tuple[str, ...] = ()  # empty: all services


def link_of(device: Device, now: datetime) -> str:
    """The address in the QR code that the device shows now."""
    code = f"{device.pk}-{code_at(_secret(device), now)}"
    return settings.BASE_URL + reverse("door:scan", args=[device.office.slug, code])


def qr_of(link: str) -> str:
    """A QR code on white, as a data URL."""
    qr = segno.make(link, error="m", micro=False)
    return str(qr.svg_data_uri(scale=4, border=4, light="#fff"))


def pass_of_scan(office: OfficeSnapshot, code: str, now: datetime) -> Pass:
    """The pass for a scanned code. Raises NoPhoneTickets, DoorCodeOld."""
    if office.row.phone_tickets == "none":
        raise NoPhoneTickets
    match = CODE.fullmatch(code)
    paired = Device.objects.filter(office=office.row, retired=False).exclude(token_hash="")
    device = paired.filter(pk=int(match[1])).first() if match else None
    if match is None or device is None or not is_code_fresh(_secret(device), match[2], now):
        raise DoorCodeOld
    services = tuple(device.options.get("services", ())) if device.kind == "kiosk" else ()
    return Pass(office.office_id, uuid4(), now + HOLDS, services)


def from_anywhere(office: OfficeSnapshot, now: datetime) -> Pass:
    """The pass for the poster's address. Raises NoPhoneTickets, DoorOnly."""
    if office.row.phone_tickets == "none":
        raise NoPhoneTickets
    if office.row.phone_tickets != "anywhere":
        raise DoorOnly
    return Pass(office.office_id, uuid4(), now + HOLDS)


def sign_pass(door_pass: Pass) -> str:
    """The pass as a signed token."""
    fields = [
        door_pass.office,
        door_pass.touch.hex,
        door_pass.until.isoformat(),
        list(door_pass.services),
    ]
    return signing.dumps(fields, salt=SALT, compress=True)


def read_pass(office: OfficeSnapshot, token: str, now: datetime) -> Pass:
    """The pass of the token. Raises DoorCodeOld if it is expired, invalid or of another office."""
    try:
        pk, touch, until, services = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise DoorCodeOld from None
    door_pass = Pass(pk, UUID(touch), datetime.fromisoformat(until), tuple(services))
    if door_pass.office != office.office_id or door_pass.until <= now:
        raise DoorCodeOld
    return door_pass


def _secret(device: Device) -> bytes:
    """The device's secret, which changes with every pairing."""
    return f"door:{settings.SECRET_KEY}:{device.pk}:{device.token_hash}".encode()
