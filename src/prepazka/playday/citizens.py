"""The citizens: with a booking or without, at the kiosk or at the desk, looking at their phones."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from prepazka.playday import pages, plan
from prepazka.playday.hall import Hall, last_part
from prepazka.playday.plan import Nature, Walk
from prepazka.playday.postman import Booked
from prepazka.playday.tally import Visit
from prepazka.playday.web import Browser

LOOKS_EVERY = 4.0  # minutes at the ticket's page
Given = tuple[str, str]  # the number, and the code of its page ("" from the desk)


async def walk_in(hall: Hall, walk: Walk) -> None:
    """Come, take a number, wait."""
    await hall.clock.until(walk.at)
    kind = _nature(hall, "walk-in", walk.number, walk.service)
    at_desk = hall.kiosk is None or kind.at_desk
    given = await (_ticket_at_desk if at_desk else _ticket_at_kiosk)(hall, walk.service)
    if given:
        await _wait(hall, hall.register(given[0]), given[1], kind)


async def booked(hall: Hall, one: Booked) -> None:
    """Come around the booked time, or never; say the PIN, wait."""
    seat = one.seat
    chance = plan.person(hall.seed, "punctuality", seat.number)
    window = (seat.ends_at - seat.starts_at) / timedelta(minutes=1)
    after = plan.offset(chance, window)
    if after is None:
        hall.tally.never_came += 1
        return
    await hall.clock.until(seat.starts_at + timedelta(minutes=after))
    kind = _nature(hall, "booked", seat.number, seat.service)
    enter: Callable[[Hall, Booked], Awaitable[Given | None]] = (
        _arrive_at_desk if hall.kiosk is None or kind.at_desk else _pin_at_kiosk
    )
    given = await enter(hall, one)
    if given is None and hall.clock.now() < one.counts_from:
        await hall.clock.until(one.counts_from)
        given = await (enter(hall, one) if hall.kiosk else _arrive_at_desk(hall, one))
    if given:
        # Whoever comes after the booked time waits, and is counted, with those without booking.
        in_time = hall.clock.now() < seat.ends_at
        visit = hall.register(given[0], booked_from=seat.starts_at if in_time else None)
    elif hall.clock.now() > one.counts_until and hall.kiosk:
        # The term is void: an ordinary ticket, as the kiosk offers.
        given = await _ticket_at_kiosk(hall, seat.service)
        if given is None:
            return
        visit = hall.register(given[0])
    else:
        return
    await _wait(hall, visit, given[1], kind)


def _nature(hall: Hall, kind: str, number: int, service: str) -> Nature:
    return plan.nature(plan.person(hall.seed, kind, number), hall.services[service].minutes)


async def _ticket_at_kiosk(hall: Hall, service: str) -> Given | None:
    assert hall.kiosk  # noqa: S101  # for the type checker
    start = await hall.kiosk.get("/kiosk/")
    if pages.is_unpaired(start.text):  # somebody else has taken the kiosk
        hall.kiosk = None
        return await _ticket_at_desk(hall, service)
    touch = pages.touch(start.text)
    if not touch:  # nothing is offered: outside the hours, or not our kiosk any more
        hall.tally.refused(f"kiosk: {pages.heading(start.text)}")
        return None
    answer = await hall.kiosk.post("/kiosk/listek/", {"touch": touch, "service": service})
    return _given(hall, str(answer.url), answer.text)


async def _pin_at_kiosk(hall: Hall, one: Booked) -> Given | None:
    assert hall.kiosk  # noqa: S101  # for the type checker
    keypad = await hall.kiosk.get("/kiosk/pin/")
    if pages.is_unpaired(keypad.text):
        hall.kiosk = None
        return await _arrive_at_desk(hall, one)
    form = {"touch": pages.touch(keypad.text), "pin": one.pin}
    answer = await hall.kiosk.post("/kiosk/pin/", form)
    return _given(hall, str(answer.url), answer.text)


def _given(hall: Hall, url: str, html: str) -> Given | None:
    if "/kiosk/listek/" in url and (label := pages.number(html)):
        return label, last_part(url)
    hall.tally.refused(f"kiosk: {pages.heading(html)}")
    return None


async def _ticket_at_desk(hall: Hall, service: str) -> Given | None:
    path = f"/pult/{hall.slug}/recepce/listek/"
    form = await hall.desk.get(path)
    answer = await hall.desk.post(
        path, {"touch": pages.touch(form.text), "service": service, "persons": "1"}
    )
    return _slip(hall, answer.text)


async def _arrive_at_desk(hall: Hall, one: Booked) -> Given | None:
    found = await hall.desk.get(f"/pult/{hall.slug}/recepce/", params={"hledat": one.pin})
    arrive = re.search(r'action="([^"]*/recepce/prichod/[^"]+)"', found.text)
    if arrive is None:
        hall.tally.refused("desk: the booking can no longer be marked as arrived")
        return None
    answer = await hall.desk.post(arrive[1])
    return _slip(hall, answer.text)


def _slip(hall: Hall, html: str) -> Given | None:
    label = pages.number(html)
    if not label:
        hall.tally.refused(f"desk: {pages.heading(html)}")
        return None
    return label, ""


async def _wait(hall: Hall, visit: Visit, code: str, kind: Nature) -> None:
    """Wait for the call; some look at the phone, some lose patience and may say so."""
    hall.natures[visit.label] = kind
    phone = hall.net.browser() if kind.phone and code else None
    leaves = visit.issued_at + timedelta(minutes=kind.patience) if kind.patience else None
    while not visit.ended and visit.called_at is None:
        if phone:
            answer = await phone.get(f"/t/{code}/stav/")
            if answer.status_code >= 400:  # noqa: PLR2004
                return  # its day is over
        if leaves and hall.clock.now() >= leaves:
            visit.present = False  # a clerk will call in vain, unless the phone says so
            if phone and await _give_up(phone, code):
                visit.ended = "gave up"
            return
        await hall.clock.until(_next_look(hall, leaves))


def _next_look(hall: Hall, leaves: datetime | None) -> datetime:
    # At high speeds not more often than a second of real time.
    pause = max(timedelta(minutes=LOOKS_EVERY), timedelta(seconds=hall.clock.speed))
    moment = hall.clock.now() + pause
    return min(moment, max(leaves, hall.clock.now())) if leaves else moment


async def _give_up(phone: Browser, code: str) -> bool:
    question = await phone.get(f"/t/{code}/vzdat/")
    if "/vzdat" not in str(question.url):
        return False  # called just now
    answer = await phone.post(f"/t/{code}/vzdat/")
    return answer.is_success
