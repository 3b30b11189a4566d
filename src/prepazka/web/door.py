"""Tickets by telephone: the codes that devices show, and the five minutes that reading one gives."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import segno
from django.conf import settings
from django.core import signing
from django.urls import reverse

from prepazka.core.door import code_at, is_fresh
from prepazka.core.refusal import Refused
from prepazka.offices.directory import Directory
from prepazka.offices.models import Device

CODE = re.compile(r"([0-9]{1,18})-([a-z2-7]{16})", re.IGNORECASE | re.ASCII)
SALT, HOLDS = "door", timedelta(minutes=5)


class DoorCodeOld(Refused):
    """This code has changed meanwhile. Go to the door or the kiosk and scan it again."""


class DoorOnly(Refused):
    """Here a ticket is taken at the office. Go to the door or the kiosk and scan the code there."""


class NoPhoneTickets(Refused):
    """This office gives no tickets by telephone. Take one at the kiosk or at the desk."""


@dataclass(frozen=True)
class Pass:
    """What reading a code gives: one ticket, within five minutes, of what the device offers."""

    office: int
    touch: UUID
    until: datetime
    services: tuple[str, ...] = ()  # none: all of them


def link_of(device: Device, now: datetime) -> str:
    """The address that the device shows now as a QR code."""
    said = f"{device.pk}-{code_at(_secret(device), now)}"
    return settings.BASE_URL + reverse("door:scan", args=[device.office.slug, said])


def qr_of(link: str) -> str:
    """A QR code on white, as the address of an image."""
    made = segno.make(link, error="m", micro=False)
    return str(made.svg_data_uri(scale=4, border=4, light="#fff"))


def scanned(office: Directory, code: str, now: datetime) -> Pass:
    """What the code gives. Raises NoPhoneTickets, DoorCodeOld."""
    if office.office.phone_tickets == "none":
        raise NoPhoneTickets
    read = CODE.fullmatch(code)
    shown = Device.objects.filter(office=office.office, retired=False).exclude(token_hash="")
    device = shown.filter(pk=int(read[1])).first() if read else None
    if read is None or device is None or not is_fresh(_secret(device), read[2], now):
        raise DoorCodeOld
    services = tuple(device.options.get("services", ())) if device.kind == "kiosk" else ()
    return Pass(office.office.pk, uuid4(), now + HOLDS, services)


def from_anywhere(office: Directory, now: datetime) -> Pass:
    """What the poster gives. Raises NoPhoneTickets, DoorOnly."""
    if office.office.phone_tickets == "none":
        raise NoPhoneTickets
    if office.office.phone_tickets != "anywhere":
        raise DoorOnly
    return Pass(office.office.pk, uuid4(), now + HOLDS)


def written(one: Pass) -> str:
    """The pass as an address carries it, signed."""
    said = [one.office, one.touch.hex, one.until.isoformat(), list(one.services)]
    return signing.dumps(said, salt=SALT, compress=True)


def read(office: Directory, token: str, now: datetime) -> Pass:
    """The pass of that address. Raises DoorCodeOld when it is over, changed, or another office's."""
    try:
        pk, touch, until, services = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise DoorCodeOld from None
    found = Pass(pk, UUID(touch), datetime.fromisoformat(until), tuple(services))
    if found.office != office.office.pk or found.until <= now:
        raise DoorCodeOld
    return found


def _secret(device: Device) -> bytes:
    """The device's own, until it is paired anew."""
    return f"door:{settings.SECRET_KEY}:{device.pk}:{device.token_hash}".encode()
