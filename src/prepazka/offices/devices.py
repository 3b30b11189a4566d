"""Kiosks and displays: pairing a browser by a one-time code, recognising it, reporting faults."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from prepazka.core import events
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.journal.rows import count_columns, object_of_row, select_columns
from prepazka.offices.models import Counter, Device, Office

DEVICE_WITH_OFFICE = f"""
SELECT {select_columns(Device, "d")}, {select_columns(Office, "o")}
FROM offices_device d JOIN offices_office o ON o.id = d.office_id
WHERE d.token_hash = %s AND NOT d.retired AND d.kind = ANY(%s)
"""  # noqa: S608  # made of constants

# Without 0/O, 1/I/L, 2/Z, 5/S, 8/B and U/V: it is read off one screen and typed on another.
ALPHABET = "34679ACDEFGHJKMNPQRTWXY"
CODE_LENGTH = 8
SEVERAL = 2
CODE_LASTS = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)
FARTHEST_MS = 4_000_000_000_000  # the year 2096
WRONG_CLOCK = timedelta(minutes=2)


class PairingCodeWrong(Refused):
    """No device of this kind waits for the code, or it has expired; issue a new one."""

    message = gettext_noop(
        "This code is not valid. Codes are valid for fifteen minutes; please ask for a new one."
    )


def make_pairing_code(*, device: Device, now: datetime) -> str:
    """A code with which one browser may become the device; it replaces an older unused one."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    Device.objects.filter(pk=device.pk).update(
        pairing_hash=_hash(code), pairing_expires_at=now + CODE_LASTS
    )
    return code


@transaction.atomic
def pair_device(*, code: str, now: datetime, kind: str = "") -> tuple[Device, str]:
    """Make the browser with this code the device, in place of the browser paired before.

    Returns the device and the token that the browser keeps. Raises PairingCodeWrong.
    """
    candidates = Device.objects.select_for_update(no_key=True, of=("self",)).filter(
        pairing_hash=_hash(_normal(code)), pairing_expires_at__gt=now, retired=False
    )
    if kind:
        candidates = candidates.filter(kind=kind)
    device = candidates.select_related("office").first()
    if device is None:
        raise PairingCodeWrong
    token = secrets.token_urlsafe(32)
    device.pairing_hash, device.pairing_expires_at = "", None
    device.token_hash = _hash(token)
    device.paired_at = device.seen_at = now
    device.lost_at = None
    device.wrong_pins, device.paused_until = 0, None
    device.answering_printer = ""  # forgotten, in case this printer never answers
    device.save(
        update_fields=[
            "pairing_hash",
            "pairing_expires_at",
            "token_hash",
            "paired_at",
            "seen_at",
            "lost_at",
            "wrong_pins",
            "paused_until",
            "answering_printer",
        ]
    )
    record(events.DevicePaired(office=device.office_id, device=device.pk, at=now))
    return device, token


@transaction.atomic
def revoke_pairing(*, device: int, now: datetime, actor: int | None = None) -> None:
    """End the pairing of the device, and an unused code with it. May be repeated."""
    locked = Device.objects.select_for_update(no_key=True).get(pk=device)
    if not locked.token_hash and not locked.pairing_hash:
        return
    locked.token_hash = locked.pairing_hash = ""
    locked.pairing_expires_at = locked.paired_at = None
    locked.revoked_at = now
    locked.save(
        update_fields=[
            "token_hash",
            "pairing_hash",
            "pairing_expires_at",
            "paired_at",
            "revoked_at",
        ]
    )
    record(events.DeviceRevoked(office=locked.office_id, device=locked.pk, at=now, actor=actor))


def is_paired(device: Device) -> bool:
    """Whether the browser that was recognised as this device is still paired with it."""
    rows = Device.objects.filter(pk=device.pk, token_hash=device.token_hash, retired=False)
    return bool(device.token_hash) and rows.exists()


def device_by_token(token: str, *, now: datetime, kind: str = "") -> Device | None:
    """The device whose browser sends this token, with its office read afresh; None if there is none.

    Notes at most once a minute that the device was seen.
    """
    if not token:
        return None
    device = _with_office(token, kind)
    if device and (device.seen_at is None or now - device.seen_at >= SEEN_EVERY):
        Device.objects.filter(pk=device.pk).update(seen_at=now)
        device.seen_at = now
    return device


def _with_office(token: str, kind: str) -> Device | None:
    """The device as `select_related("office")` reads it, but cheaper: each touch runs this."""
    with connection.cursor() as cursor:
        cursor.execute(
            DEVICE_WITH_OFFICE,
            [_hash(token), [kind] if kind else list(Device.Kind)],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    office_at = count_columns(Device)
    device = object_of_row(Device, row[:office_at])
    device.office = object_of_row(Office, row[office_at:])
    return device


def note_heartbeat(
    *,
    device: int,
    now: datetime,
    version: str,
    waiting: int,
    loaded: object,
    clock: object = None,
) -> bool:
    """Note that the device's page is alive; returns whether staff asked for a reload since it loaded.

    `loaded` is how many milliseconds ago the page was loaded, `waiting` how many entries of its
    log are not merged yet, `clock` its own time in milliseconds since 1970.
    """
    clock_off_s = None
    if isinstance(clock, int | float) and abs(clock) < FARTHEST_MS:  # False for NaN too
        clock_off_s = round(clock / 1000 - now.timestamp())
    Device.objects.filter(pk=device).update(
        seen_at=now, app_version=version, waiting_events=waiting, clock_off_s=clock_off_s
    )
    reload_asked_at = Device.objects.values_list("reload_at", flat=True).get(pk=device)
    loaded_ms = loaded if isinstance(loaded, int | float) and abs(loaded) < FARTHEST_MS else 0
    age = timedelta(milliseconds=loaded_ms)
    return reload_asked_at is not None and now - age < reload_asked_at


@transaction.atomic
def ask_reload(*, device: int, now: datetime, actor: int) -> None:
    """Ask the device to reload its screen; the live stream wakes it."""
    Device.objects.filter(pk=device).update(reload_at=now)
    office = Device.objects.values_list("office_id", flat=True).get(pk=device)
    record(events.ReloadAsked(office=office, device=device, at=now, actor=actor))


def note_printed(*, device: int, label: str, now: datetime) -> None:
    """Note the last paper that came out of the printer, by the number on it."""
    Device.objects.filter(pk=device).update(printed=label, printed_at=now)


def note_printer(*, device: int, state: dict[str, bool], now: datetime) -> None:
    """Note the state that the printer reported."""
    Device.objects.filter(pk=device).update(printer_state=state, printer_asked_at=now)


def note_answer(*, device: int, printer: str, now: datetime) -> None:
    """Note that the printer of that address answers, so that later silence is a fault."""
    Device.objects.filter(pk=device).update(answering_printer=printer, printer_answered_at=now)


@transaction.atomic
def report_fault(*, device: int, fault: str, now: datetime) -> None:
    """Note a fault of the device and alert the staff, once for as long as it lasts."""
    locked = Device.objects.select_for_update(no_key=True).get(pk=device)
    if locked.fault == fault:
        return
    locked.fault, locked.fault_at = fault, now
    locked.save(update_fields=["fault", "fault_at"])
    record(events.DeviceFault(office=locked.office_id, device=locked.pk, at=now, fault=fault))


@transaction.atomic
def clear_fault(*, device: int, now: datetime) -> None:
    """Note that the device works again. May be repeated."""
    changed = Device.objects.filter(pk=device).exclude(fault="").update(fault="", fault_at=None)
    if changed:
        office = Device.objects.values_list("office_id", flat=True).get(pk=device)
        record(events.DeviceMended(office=office, device=device, at=now))


def _normal(code: str) -> str:
    """The typed code without spaces and dashes, in capitals."""
    return "".join(c for c in code.upper() if c.isalnum())


def _hash(secret: str) -> str:
    """Hash of a code or token; unsalted, because both are random and long."""
    return hashlib.sha256(secret.encode()).hexdigest()


def displays_of(office: Office, counters: Iterable[Counter]) -> list[str]:
    """Names of the displays on which a call to one of the counters appears.

    Empty where the office has one display only: nobody needs to be told which to watch. A display
    without counters of its own shows all of them.
    """
    codes = {counter.code for counter in counters}
    displays = [
        display
        for display in Device.objects.filter(
            office=office, kind=Device.Kind.DISPLAY, retired=False
        ).order_by("position")
        if display.options.get("layout") != "door"
    ]
    if len(displays) < SEVERAL:
        return []
    suitable = [d for d in displays if codes & set(d.options.get("counters") or codes)]
    return [str(display.name) for display in suitable]
