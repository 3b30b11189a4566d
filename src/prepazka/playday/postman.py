"""Booking before the day over the API, confirmed by the link in the mail where one is sent."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from prepazka.playday.http_clients import Browser, Net
from prepazka.playday.visit_plans import Seat, random_of_person

TOGETHER = 6
CONFIRM = "potvrzeni"  # in the address of the link
MAILS_WITHIN = 20.0  # seconds for a mail to come


@dataclass(frozen=True)
class Booked:
    """A confirmed booking."""

    seat: Seat
    pin: str
    counts_from: datetime
    counts_until: datetime


async def book_all(net: Net, slug: str, seed: int, seats: Sequence[Seat]) -> list[Booked]:
    """Book the slots a few at a time; refusals are counted and skipped."""
    mailbox, in_parallel = Mailbox(net.browser()), asyncio.Semaphore(TOGETHER)

    async def book_seat(seat: Seat) -> Booked | None:
        async with in_parallel:
            return await _book(net, slug, seed, seat, mailbox)

    results = await asyncio.gather(*(book_seat(seat) for seat in seats))
    bookings = [booking for booking in results if booking is not None]
    net.tally.booked = len(bookings)
    return bookings


async def _book(net: Net, slug: str, seed: int, seat: Seat, mailbox: Mailbox) -> Booked | None:
    browser = net.browser()
    hold_request = {"service": seat.service, "starts_at": seat.starts_at.isoformat()}
    key = str(
        UUID(
            int=random_of_person(seed, f"key:{slug}:{seat.starts_at}", seat.number).getrandbits(128)
        )
    )
    held = await browser.call(
        "POST", f"/offices/{slug}/holds", json=hold_request, headers={"Idempotency-Key": key}
    )
    if held.status_code != 201:  # noqa: PLR2004
        return None
    # An address of this run only, so that no link of an earlier run is followed.
    address = f"obcan{seat.number}.{mailbox.mark}@ukazka.example"
    contact = {"name": f"Občan Ukázkový {seat.number}", "email": address}
    confirmation = await browser.call(
        "POST", f"/holds/{held.json()['token']}/contact", json=contact
    )
    if confirmation.status_code != 202:  # noqa: PLR2004
        return None
    purpose, token = await mailbox.token_for(address)
    if not token:
        net.tally.refused("mail: the confirmation did not come in time")
        return None
    if purpose == CONFIRM:
        answer = await browser.call("POST", f"/confirmations/{token}")
    else:  # booked at once; the mail links to the booking
        answer = await browser.call("GET", f"/bookings/{token}")
    if answer.status_code != 200:  # noqa: PLR2004
        return None
    booking = answer.json()
    return Booked(
        seat,
        booking["pin"],
        datetime.fromisoformat(booking["counts_from"]),
        datetime.fromisoformat(booking["counts_until"]),
    )


class Mailbox:
    """The demo's mails, read for everybody by one request at a time."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.mark = f"{time.monotonic_ns():x}"[-8:]
        self._read: set[str] = set()
        self._tokens: dict[str, tuple[str, str]] = {}
        self._looking = asyncio.Lock()

    async def token_for(self, address: str) -> tuple[str, str]:
        """The purpose and token of the link in the mail to this address; ("", "") if none came."""
        deadline = time.monotonic() + MAILS_WITHIN
        while address not in self._tokens and time.monotonic() < deadline:
            async with self._looking:
                if address not in self._tokens:
                    await self._look()
                    await asyncio.sleep(0.2)
        return self._tokens.get(address, ("", ""))

    async def _look(self) -> None:
        listed = await self.browser.get("/demo/posta/?vsichni")
        rows = re.findall(r'href="([^"]*/demo/posta/\d+/)">[^<]*</a><br>([^<]*)', listed.text)
        for path, to in rows:
            if path in self._read or self.mark not in to:
                continue
            self._read.add(path)
            mail = await self.browser.get(path)
            if link := re.search(r"/(potvrzeni|objednavka)/([^/\"<\s]+)", mail.text):
                self._tokens[to.strip()] = (link[1], link[2])
