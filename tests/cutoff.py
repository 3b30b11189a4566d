"""Browsers that are cut off, as tests play them: a kiosk with its lease, a console with its list."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import uuid4

from prepazka.offices.models import Device
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, offline_grants, offline_logs
from prepazka.queueing.models import OfflineGrant, Shift
from tests import town


class Browser:
    """Its log, as the browser writes and signs it."""

    def __init__(self, grant: OfflineGrant) -> None:
        self.grant = grant
        self.log: list[offline_logs.Entry] = []

    def does(self, kind: str, label: str, at: datetime, **more: Any) -> str:
        body = json.dumps({"kind": kind, "label": label, "at": at.isoformat(), **more})
        seq = len(self.log) + 1
        self.log.append(offline_logs.Entry(seq, body, self.grant.sign(seq, body)))
        return label

    def merge(self, now: datetime, *, upto: int | None = None) -> int:
        return offline_logs.merge_log(grant=self.grant.pk, entries=self.log[:upto], now=now)


class Kiosk(Browser):
    """A kiosk that gives numbers from its block."""

    def __init__(self, office: OfficeSnapshot, now: datetime, device: Device | None = None) -> None:
        self.device = device or town.kiosk(office)
        self.office, self.browser = office, uuid4().hex
        super().__init__(self._lease(now))
        self.next = {n.letter: n.first for n in self.grant.numbers.all()}

    def _lease(self, now: datetime) -> OfflineGrant:
        return offline_grants.lease_numbers(
            office=self.office, device=self.device, browser=self.browser, now=now
        )

    def renewed(self, now: datetime, letter: str = "V") -> list[tuple[int, int]]:
        blocks = self._lease(now).numbers.filter(letter=letter).order_by("first")
        return [(block.first, block.last) for block in blocks]

    def gives(self, at: datetime, letter: str = "V", service: str = "prepis", **more: Any) -> str:
        label = f"{letter}{self.next[letter]}"
        self.next[letter] += 1
        more.setdefault("touch", str(uuid4()))
        return self.does("issue", label, at, service=service, language="cs", **more)

    def takes(self, pin: str, at: datetime) -> str:
        return self.gives(at, h=self.grant.hide(pin))


class Console(Browser):
    """An open counter."""

    def __init__(self, office: OfficeSnapshot, number: str, now: datetime, who: str = "") -> None:
        clerk = town.clerk(office, who or f"clerk{number}")
        self.office, self.clerk = office, clerk.pk
        self.shift: Shift = counters.open_counter(
            counter=town.counter(office, number), clerk=clerk.pk, now=now
        )
        self.browser, self.ack, self.page = uuid4().hex, 0, uuid4().hex
        self.list = self.renew(now)
        super().__init__(self.list.grant)

    def renew(self, now: datetime, *, lost: bool = False) -> offline_grants.CallList:
        """Ask for the list; `lost`: the answer never comes to the browser."""
        said = offline_grants.renew_list(
            office=self.office,
            shift=self.shift,
            browser=self.browser,
            ack=self.ack,
            page=self.page,
            now=now,
        )
        if not lost:
            self.list, self.ack = said, said.grant.version
        return said

    @property
    def labels(self) -> list[str]:
        return [self.list.labels[w.ticket] for w in self.list.tickets]
