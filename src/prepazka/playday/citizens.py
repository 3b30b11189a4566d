"""Virtual citizens: with or without a booking, at the kiosk or the desk, some with a phone."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from prepazka.playday import html_reading, visit_plans
from prepazka.playday.http_clients import Browser
from prepazka.playday.postman import Booked
from prepazka.playday.shared_state import Hall, last_part
from prepazka.playday.tally import Visit
from prepazka.playday.visit_plans import Nature, Walk

LOOKS_EVERY = 4.0  # minutes between looks at the ticket's page
Given = tuple[str, str]  # the ticket's label, and the code of its page ("" from the desk)


async def play_walk_in(hall: Hall, walk: Walk) -> None:
    """Play one walk-in: take a ticket and wait."""
    await hall.clock.until(walk.at)
    kind = _nature(hall, "walk-in", walk.number, walk.service)
    at_desk = hall.kiosk is None or kind.at_desk
    slip = await (_ticket_at_desk if at_desk else _ticket_at_kiosk)(hall, walk.service)
    if slip:
        await _wait(hall, hall.register(slip[0]), slip[1], kind)


async def play_booked_client(hall: Hall, booking: Booked) -> None:
    """Play one booked client: come around the booked time or never, check in and wait."""
    seat = booking.seat
    chance = visit_plans.random_of_person(hall.seed, "punctuality", seat.number)
    window = (seat.ends_at - seat.starts_at) / timedelta(minutes=1)
    after = visit_plans.draw_arrival_offset(chance, window)
    if after is None:
        hall.tally.never_came += 1
        return
    await hall.clock.until(seat.starts_at + timedelta(minutes=after))
    kind = _nature(hall, "booked", seat.number, seat.service)
    enter: Callable[[Hall, Booked], Awaitable[Given | None]] = (
        _arrive_at_desk if hall.kiosk is None or kind.at_desk else _pin_at_kiosk
    )
    slip = await enter(hall, booking)
    if slip is None and hall.clock.now() < booking.counts_from:
        await hall.clock.until(booking.counts_from)
        slip = await (enter(hall, booking) if hall.kiosk else _arrive_at_desk(hall, booking))
    if slip:
        # A client who comes after the booked time waits and counts with the walk-ins.
        in_time = hall.clock.now() < seat.ends_at
        visit = hall.register(slip[0], booked_from=seat.starts_at if in_time else None)
    elif hall.clock.now() > booking.counts_until and hall.kiosk:
        # The PIN is no longer valid: take an ordinary ticket, as the kiosk offers.
        slip = await _ticket_at_kiosk(hall, seat.service)
        if slip is None:
            return
        visit = hall.register(slip[0])
    else:
        return
    await _wait(hall, visit, slip[1], kind)


def _nature(hall: Hall, kind: str, number: int, service: str) -> Nature:
    return visit_plans.draw_service_minutes(
        visit_plans.random_of_person(hall.seed, kind, number), hall.services[service].minutes
    )


async def _ticket_at_kiosk(hall: Hall, service: str) -> Given | None:
    assert hall.kiosk  # noqa: S101  # for the type checker
    start = await hall.kiosk.get("/kiosk/")
    if html_reading.is_unpaired(start.text):  # the kiosk was paired with another browser
        hall.kiosk = None
        return await _ticket_at_desk(hall, service)
    touch = html_reading.touch_key(start.text)
    if not touch:  # no ticket is offered, for example outside the hours
        hall.tally.refused(f"kiosk: {html_reading.page_heading(start.text)}")
        return None
    answer = await hall.kiosk.post("/kiosk/listek/", {"touch": touch, "service": service})
    return _slip_from_kiosk(hall, str(answer.url), answer.text)


async def _pin_at_kiosk(hall: Hall, booking: Booked) -> Given | None:
    assert hall.kiosk  # noqa: S101  # for the type checker
    keypad = await hall.kiosk.get("/kiosk/pin/")
    if html_reading.is_unpaired(keypad.text):
        hall.kiosk = None
        return await _arrive_at_desk(hall, booking)
    form = {"touch": html_reading.touch_key(keypad.text), "pin": booking.pin}
    answer = await hall.kiosk.post("/kiosk/pin/", form)
    return _slip_from_kiosk(hall, str(answer.url), answer.text)


def _slip_from_kiosk(hall: Hall, url: str, html: str) -> Given | None:
    if "/kiosk/listek/" in url and (label := html_reading.ticket_label(html)):
        return label, last_part(url)
    hall.tally.refused(f"kiosk: {html_reading.page_heading(html)}")
    return None


async def _ticket_at_desk(hall: Hall, service: str) -> Given | None:
    path = f"/pult/{hall.slug}/recepce/listek/"
    form = await hall.desk.get(path)
    answer = await hall.desk.post(
        path, {"touch": html_reading.touch_key(form.text), "service": service, "persons": "1"}
    )
    return _slip_from_desk(hall, answer.text)


async def _arrive_at_desk(hall: Hall, booking: Booked) -> Given | None:
    results = await hall.desk.get(f"/pult/{hall.slug}/recepce/", params={"hledat": booking.pin})
    arrive = re.search(r'action="([^"]*/recepce/prichod/[^"]+)"', results.text)
    if arrive is None:
        hall.tally.refused("desk: the booking can no longer be marked as arrived")
        return None
    answer = await hall.desk.post(arrive[1])
    return _slip_from_desk(hall, answer.text)


def _slip_from_desk(hall: Hall, html: str) -> Given | None:
    label = html_reading.ticket_label(html)
    if not label:
        hall.tally.refused(f"desk: {html_reading.page_heading(html)}")
        return None
    return label, ""


async def _wait(hall: Hall, visit: Visit, code: str, kind: Nature) -> None:
    """Wait for the call; some look at the phone, some lose patience and may leave the queue."""
    hall.natures[visit.label] = kind
    phone = hall.net.browser() if kind.phone and code else None
    leaves = visit.issued_at + timedelta(minutes=kind.patience) if kind.patience else None
    while not visit.ended and visit.called_at is None:
        if phone:
            answer = await phone.get(f"/t/{code}/stav/")
            if answer.status_code >= 400:  # noqa: PLR2004
                return  # its day is over
        if leaves and hall.clock.now() >= leaves:
            visit.present = False  # a clerk calls them in vain, unless they cancel by phone
            if phone and await _give_up(phone, code):
                visit.ended = "gave up"
            return
        await hall.clock.until(_next_look(hall, leaves))


def _next_look(hall: Hall, leaves: datetime | None) -> datetime:
    # At high speeds at most once in a second of real time.
    pause = max(timedelta(minutes=LOOKS_EVERY), timedelta(seconds=hall.clock.speed))
    moment = hall.clock.now() + pause
    return min(moment, max(leaves, hall.clock.now())) if leaves else moment


async def _give_up(phone: Browser, code: str) -> bool:
    question = await phone.get(f"/t/{code}/vzdat/")
    if "/vzdat" not in str(question.url):
        return False  # called just now
    answer = await phone.post(f"/t/{code}/vzdat/")
    return answer.is_success
