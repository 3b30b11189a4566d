"""The logs of browsers that were cut off, put into the state of the hall (docs/offline.md)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from prepazka.booking.locks import lock_days
from prepazka.booking.models import Booking, ReplacedPin
from prepazka.core import events, reading
from prepazka.journal.record import record
from prepazka.offices.directory import directory
from prepazka.offices.models import Device
from prepazka.queueing import settling
from prepazka.queueing.locks import lock_queue
from prepazka.queueing.models import OfflineEvent, OfflineGrant
from prepazka.queueing.refusals import GrantUnknown, SignatureWrong

KINDS = frozenset({"issue", "pin", "call", "start", "finish", "absent"})
LABEL = re.compile(r"[^\W\d_]{1,3}[0-9]{1,6}")
MOST = 500  # entries of one message that are taken; what comes after them, the next message brings


@dataclass(frozen=True)
class Entry:
    """One entry as it was sent."""

    seq: int
    body: str
    sig: str


class _Revoked(Exception):
    """The device was disconnected after it had got the grant."""


def merge_log(*, grant: int, entries: Iterable[Entry], now: datetime) -> int:
    """Keep a browser's log and bring the hall to what all logs of the day say together.

    May be sent again, whole or in parts; a gap ends what is taken. Answers with the number of the
    last entry that is kept. Raises GrantUnknown, SignatureWrong; that a device which was
    disconnected has sent its log is noted in the journal, once.
    """
    said = sorted(entries, key=lambda e: e.seq)[:MOST]
    try:
        return _merge(grant, said, now)
    except _Revoked:
        _note_refused(grant, said, now)
        raise GrantUnknown from None


@transaction.atomic
def _note_refused(grant: int, said: list[Entry], now: datetime) -> None:
    row = OfflineGrant.objects.select_for_update(no_key=True).get(pk=grant)
    last = max((one.seq for one in said), default=0)
    if last <= row.refused:
        return
    if row.refused == 0:
        record(
            events.LogRefused(
                office=row.office_id,
                at=now,
                device=row.device_id or 0,
                grant=row.pk,
                entries=last - row.merged,
            )
        )
    row.refused = last
    row.save(update_fields=["refused"])


@transaction.atomic
def _merge(grant: int, said: list[Entry], now: datetime) -> int:
    found = (
        OfflineGrant.objects.select_related("device", "shift", "office").filter(pk=grant).first()
    )
    if found is None:
        raise GrantUnknown
    for one in said:
        if not hmac.compare_digest(found.sign(one.seq, one.body).encode(), one.sig.encode()):
            raise SignatureWrong
    # A day before the queue, always: nobody else takes both.
    lock_days(found.office_id, [found.date])
    lock_queue(found.office_id)
    # Under the lock of the day, which `report_lost` takes as well.
    if _revoked(found):
        raise _Revoked
    found.refresh_from_db(fields=["merged"])
    taken = _keep(found, said, now)
    if taken:
        settling.settle(directory(found.office), found.date, now)
        record(
            events.OfflineMerged(
                office=found.office_id,
                at=now,
                grant=found.pk,
                entries=taken,
                device=found.device_id,
                counter=found.shift.counter_id if found.shift else None,
            )
        )
    return found.merged


def _revoked(grant: OfflineGrant) -> bool:
    if grant.device_id is None:
        return False
    revoked_at = Device.objects.values_list("revoked_at", flat=True).get(pk=grant.device_id)
    return revoked_at is not None and grant.made_at < revoked_at


def _keep(grant: OfflineGrant, said: list[Entry], now: datetime) -> int:
    """Store what is new and without a gap; the times never run back."""
    last = grant.events.order_by("-seq").first()
    at, merged = last.at if last else grant.made_at, grant.merged
    hidden: dict[str, UUID] | None = None
    fresh = []
    for one in said:
        if one.seq != merged + 1:
            continue
        body = _body(one.body)
        at, merged = max(at, min(_moment(body.get("at"), at), now)), one.seq
        booking = None
        if body.get("h"):
            hidden = _hidden(grant) if hidden is None else hidden
            booking = hidden.get(str(body["h"]))
        fresh.append(
            OfflineEvent(
                office_id=grant.office_id,
                grant=grant,
                seq=one.seq,
                at=at,
                kind=body["kind"],
                label=body["label"],
                body=body,
                booking=booking,
            )
        )
    OfflineEvent.objects.bulk_create(fresh)
    OfflineGrant.objects.filter(pk=grant.pk).update(merged=merged)
    grant.merged = merged
    return len(fresh)


def _hidden(grant: OfflineGrant) -> dict[str, UUID]:
    """Today's bookings by the form in which the kiosk knew their PINs; the live ones win."""
    rows = Booking.objects.filter(office=grant.office_id, date=grant.date).exclude(pin=None)
    live = sorted(rows, key=lambda b: b.state in {"confirmed", "arrived", "no_show"})
    # A kiosk that was cut off before a PIN was changed took the old one in good faith.
    replaced = ReplacedPin.objects.filter(office=grant.office_id, date=grant.date)
    before = {grant.hide(row.pin): row.booking_id for row in replaced}
    return before | {grant.hide(str(b.pin)): b.pk for b in live if b.pin}


def _body(text: str) -> dict[str, Any]:
    """The entry; what a device may not say becomes an entry that changes nothing."""
    try:
        body = reading.json_value(text)
    except reading.NotReadable:
        body = None
    if not isinstance(body, Mapping):
        return {"kind": "?", "label": ""}
    kind, label = str(body.get("kind", "")), str(body.get("label", ""))
    good = kind in KINDS and (kind == "pin" or LABEL.fullmatch(label))
    return {**body, "kind": kind if good else "?", "label": label if good else ""}


def _moment(said: Any, otherwise: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        return otherwise
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment if reading.is_within_reach(moment) else otherwise
