"""Receiving the logs of browsers that were off line and merging them (docs/offline.md)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from prepazka.booking.booking_locks import lock_days
from prepazka.booking.models import Booking, ReplacedPin
from prepazka.core import events, reading
from prepazka.journal.record import record
from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import snapshot_of
from prepazka.queueing import offline_apply
from prepazka.queueing.models import OfflineEvent, OfflineGrant
from prepazka.queueing.queue_locks import lock_queue
from prepazka.queueing.refusals import GrantUnknown, SignatureWrong

KINDS = frozenset({"issue", "pin", "call", "start", "finish", "absent"})
LABEL = re.compile(r"[^\W\d_]{1,3}[0-9]{1,6}")
MOST = 500  # entries of one message that are stored; the next message brings the rest


@dataclass(frozen=True)
class Entry:
    """One entry of a log as it was sent."""

    seq: int
    body: str
    sig: str


class _Revoked(Exception):
    """The device was disconnected after it got the grant."""


def merge_log(*, grant: int, entries: Iterable[Entry], now: datetime) -> int:
    """Store a browser's log and bring the hall to the merged state of all logs of the day.

    A log may be sent again, whole or in parts; entries after a gap are ignored. Returns the number
    of the last stored entry. Raises GrantUnknown, SignatureWrong; a log of a device that was
    disconnected is recorded in the journal once.
    """
    ordered = sorted(entries, key=lambda e: e.seq)[:MOST]
    try:
        return _merge(grant, ordered, now)
    except _Revoked:
        _note_refused(grant, ordered, now)
        raise GrantUnknown from None


@transaction.atomic
def _note_refused(grant: int, entries: list[Entry], now: datetime) -> None:
    row = OfflineGrant.objects.select_for_update(no_key=True).get(pk=grant)
    last_seq = max((entry.seq for entry in entries), default=0)
    if last_seq <= row.refused:
        return
    if row.refused == 0:
        record(
            events.LogRefused(
                office=row.office_id,
                at=now,
                device=row.device_id or 0,
                grant=row.pk,
                entries=last_seq - row.merged,
            )
        )
    row.refused = last_seq
    row.save(update_fields=["refused"])


@transaction.atomic
def _merge(grant: int, entries: list[Entry], now: datetime) -> int:
    grant_row = (
        OfflineGrant.objects.select_related("device", "shift", "office").filter(pk=grant).first()
    )
    if grant_row is None:
        raise GrantUnknown
    for entry in entries:
        if not hmac.compare_digest(
            grant_row.sign(entry.seq, entry.body).encode(), entry.sig.encode()
        ):
            raise SignatureWrong
    # The day is always locked before the queue, so that no two transactions wait for each other.
    lock_days(grant_row.office_id, [grant_row.date])
    lock_queue(grant_row.office_id)
    # Read under the lock of the day, which `report_lost` takes as well.
    if _is_revoked(grant_row):
        raise _Revoked
    grant_row.refresh_from_db(fields=["merged"])
    kept_count = _store_new(grant_row, entries, now)
    if kept_count:
        offline_apply.apply_logs(snapshot_of(grant_row.office), grant_row.date, now)
        record(
            events.OfflineMerged(
                office=grant_row.office_id,
                at=now,
                grant=grant_row.pk,
                entries=kept_count,
                device=grant_row.device_id,
                counter=grant_row.shift.counter_id if grant_row.shift else None,
            )
        )
    return grant_row.merged


def _is_revoked(grant: OfflineGrant) -> bool:
    if grant.device_id is None:
        return False
    revoked_at = Device.objects.values_list("revoked_at", flat=True).get(pk=grant.device_id)
    return revoked_at is not None and grant.made_at < revoked_at


def _store_new(grant: OfflineGrant, entries: list[Entry], now: datetime) -> int:
    """Store new entries up to the first gap, with non-decreasing times; returns how many."""
    last_event = grant.events.order_by("-seq").first()
    at, merged = last_event.at if last_event else grant.made_at, grant.merged
    hidden: dict[str, UUID] | None = None
    new_events = []
    for entry in entries:
        if entry.seq != merged + 1:
            continue
        body = _body(entry.body)
        at, merged = max(at, min(_instant_or(body.get("at"), at), now)), entry.seq
        booking = None
        if body.get("h"):
            hidden = _bookings_by_hidden_pin(grant) if hidden is None else hidden
            booking = hidden.get(str(body["h"]))
        new_events.append(
            OfflineEvent(
                office_id=grant.office_id,
                grant=grant,
                seq=entry.seq,
                at=at,
                kind=body["kind"],
                label=body["label"],
                body=body,
                booking=booking,
            )
        )
    OfflineEvent.objects.bulk_create(new_events)
    OfflineGrant.objects.filter(pk=grant.pk).update(merged=merged)
    grant.merged = merged
    return len(new_events)


def _bookings_by_hidden_pin(grant: OfflineGrant) -> dict[str, UUID]:
    """The day's bookings by their PIN as the kiosk's list hides it; live bookings win."""
    rows = Booking.objects.filter(office=grant.office_id, date=grant.date).exclude(pin=None)
    live = sorted(rows, key=lambda b: b.state in {"confirmed", "arrived", "no_show"})
    # A kiosk that was off line before a PIN was changed rightly took the old one.
    replaced = ReplacedPin.objects.filter(office=grant.office_id, date=grant.date)
    earlier_pins = {grant.hide(row.pin): row.booking_id for row in replaced}
    return earlier_pins | {grant.hide(str(b.pin)): b.pk for b in live if b.pin}


def _body(text: str) -> dict[str, Any]:
    """The entry's content; an invalid one gets kind "?" and changes nothing."""
    try:
        body = reading.json_value(text)
    except reading.NotReadable:
        body = None
    if not isinstance(body, Mapping):
        return {"kind": "?", "label": ""}
    kind, label = str(body.get("kind", "")), str(body.get("label", ""))
    good = kind in KINDS and (kind == "pin" or LABEL.fullmatch(label))
    return {**body, "kind": kind if good else "?", "label": label if good else ""}


def _instant_or(text: Any, otherwise: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return otherwise
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment if reading.is_within_reach(moment) else otherwise
