"""Rooms of meetings: signals a second, many rooms at once, and how soon somebody is seen."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import quantiles
from uuid import uuid4

import psycopg
import uvloop
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from bench import servers, town
from bench.clients import Ask, Connection, drive, requests_per_second
from bench.report import Report
from prepazka.booking.models import Booking, BookingState, Lane, OfficeDay
from prepazka.core import calendar
from prepazka.edge import hot_routes, room_routes
from prepazka.meetings import participant_links, seats
from prepazka.meetings.models import Meeting, Participant
from prepazka.offices.models import Membership, Official, Role

ROOMS, PEOPLE = 200, 3
CLIENTS, CONNECTIONS = 32, 4
ENTRIES = 12
RAW = (
    "WITH w AS (INSERT INTO meetings_signal (office_id, meeting_id, sender, kind, body, at)"
    " VALUES (%s, %s, %s, 'point', '{}', now()) RETURNING 1)"
    " SELECT pg_notify('raw', %s) FROM w"
)


def signals(report: Report) -> None:
    """Signals by HTTP, written and told, beside bare ASGI and bare psycopg."""
    all_seats = _rooms("signals", ROOMS)
    by_turns = itertools.cycle(all_seats)
    body = json.dumps({"signals": [{"kind": "point", "body": {"x": 1, "y": 2}}]}).encode()

    async def say(_connection: Connection, _number: int, ask: Ask) -> None:
        await ask("POST", room_routes.PREFIX + "signaly", _bearer(next(by_turns)), body)

    with servers.program() as program:
        ours = drive(CLIENTS, 4, program.port, say)
    with servers.raw_asgi(2) as raw:
        http = requests_per_second(raw, "/", connections=CLIENTS)
    database = uvloop.run(_raw_signals(all_seats))
    report.add(
        "signals of rooms a second",
        f"{ours.rate:,.0f}, p95 {ours.percentile(0.95):.0f} ms, answers {ours.statuses}",
        f"bare ASGI {http:,.0f}; bare psycopg, {CONNECTIONS} connections, {database:,.0f}",
        "≥ 300 a second (a room of six begins with 200), only 200s",
        reached=ours.rate >= 300 and set(ours.statuses) == {200},
    )


def rooms(report: Report) -> None:
    """200 rooms of three, all streams open, one signal in each at once."""
    servers.more_files()
    all_seats = _rooms("rooms", ROOMS)
    with servers.program() as program:
        before = program.rss
        opened, late = uvloop.run(_many(program, all_seats))
        kib = (opened - before) / ROOMS / 1024
    report.add(
        f"{ROOMS} rooms of {PEOPLE} on one process",
        f"{kib:.0f} KiB a room; a signal in each at once heard by all: p95 {late:.0f} ms",
        "–",
        "≤ 200 KiB a room, p95 ≤ 2 s",
        reached=kib <= 200 and late <= 2000,
    )


def room(report: Report) -> None:
    """From the press of Enter to the first picture of somebody else, in real browsers."""
    chromium = shutil.which("chromium")
    if not chromium:
        print("* room: left out, there is no Chromium")
        return
    with servers.program() as program:
        took = sorted(_entries(program, chromium))
    p95 = quantiles(took, n=20)[-1]
    report.add(
        "enter → first picture, two browsers on this machine",
        f"p95 {p95 * 1000:.0f} ms, median {took[len(took) // 2] * 1000:.0f} ms of {len(took)}",
        "–",
        "p95 ≤ 2 s",
        reached=p95 <= 2,
    )


def _meetings(slug: str, many: int) -> Iterator[Meeting]:
    where = town.officials(slug, officials=1, horizon_days=30)
    now = datetime.now(UTC)
    official = Official.objects.filter(office=where.office).first()
    for number in range(many):
        # Far apart, as claims of one lane must be; the rooms are open all the same.
        starts = now + timedelta(hours=number)
        day = calendar.day_of(starts, where.tz)
        OfficeDay.objects.get_or_create(office=where.office, date=day)  # as every hold makes it
        booking = Booking.objects.create(
            office=where.office,
            service=where.offered_services()[0],
            lane=Lane.objects.get(official=official),
            date=day,
            starts_at=starts,
            ends_at=starts + timedelta(minutes=30),
            state=BookingState.ARRIVED,
            created_at=now,
        )
        yield Meeting.objects.create(
            office=where.office, booking=booking, state="running", created_at=now, started_at=now
        )


def _rooms(slug: str, many: int) -> list[seats.Seat]:
    """Everybody inside; the seats of one room stand together."""
    found = []
    for meeting in _meetings(slug, many):
        for number in range(PEOPLE):
            seat = uuid4()
            one = Participant.objects.create(
                office=meeting.office,
                meeting=meeting,
                role="guest",
                name=f"Host {number}",
                place="inside",
                seat=seat,
                invited_at=meeting.created_at,
                admitted_at=meeting.created_at,
            )
            found.append(seats.Seat(one.pk, meeting.pk, seat, 1))
    Participant.objects.filter(meeting__office__slug=slug).update(seen_at=Now())
    connection.close()
    return found


def _bearer(seat: seats.Seat) -> dict[str, str]:
    return {"authorization": f"Bearer {seats.sign_seat(seat)}"}


async def _raw_signals(all_seats: list[seats.Seat], seconds: float = 3.0) -> float:
    office = await asyncio.to_thread(lambda: Meeting.objects.get(pk=all_seats[0].meeting).office_id)
    until, done = time.perf_counter() + seconds, 0

    async def work(part: int) -> None:
        nonlocal done
        link = await psycopg.AsyncConnection.connect(hot_routes.conninfo(), autocommit=True)
        async with link:
            for seat in itertools.cycle(all_seats[part::CONNECTIONS]):
                if time.perf_counter() > until:
                    return
                await link.execute(RAW, [office, seat.meeting, seat.seat, str(seat.meeting)])
                done += 1

    await asyncio.gather(*(work(part) for part in range(CONNECTIONS)))
    return done / seconds


async def _many(program: servers.Server, all_seats: list[seats.Seat]) -> tuple[int, float]:
    """The memory with all streams open, and the late ones' milliseconds of one signal in each room."""
    streams = []
    for seat in all_seats:
        reader, writer = await asyncio.open_connection("127.0.0.1", program.port)
        lines = [f"GET {room_routes.PREFIX}proud HTTP/1.1", "host: localhost"]
        lines += [f"{name}: {value}" for name, value in _bearer(seat).items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        streams.append((reader, writer))
    for reader, _ in streams:
        await asyncio.wait_for(reader.readuntil(b"event: state"), 30)
    await asyncio.sleep(1)
    memory = program.rss
    body = json.dumps({"signals": [{"kind": "point", "body": {"now": 1}}]}).encode()
    speakers = [await Connection(program.port).open() for _ in range(8)]
    began = time.perf_counter()

    async def heard(reader: asyncio.StreamReader) -> float:
        await asyncio.wait_for(reader.readuntil(b'"now":1'), 30)
        return time.perf_counter() - began

    async def speak(part: int) -> None:
        for seat in all_seats[::PEOPLE][part::8]:
            await speakers[part].ask("POST", room_routes.PREFIX + "signaly", _bearer(seat), body)

    listeners = [one[0] for at, one in enumerate(streams) if at % PEOPLE]
    took, _ = await asyncio.gather(
        asyncio.gather(*(heard(one) for one in listeners)),
        asyncio.gather(*(speak(part) for part in range(8))),
    )
    for _, writer in streams:
        writer.close()
    return memory, quantiles(took, n=20)[-1] * 1000


def _entries(program: servers.Server, chromium: str) -> Iterator[float]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # only this work needs it

    (meeting,) = _meetings("room", 1)
    chair, guest = (_person(meeting, role) for role in ("chair", "colleague"))
    user = get_user_model().objects.create(username="room")
    Membership.objects.create(office=meeting.office, user=user, role=Role.ADMINISTRATOR, name="X")
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    connection.close()
    url = f"http://localhost:{program.port}"
    flags = ["--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=flags)
        context = browser.new_context(locale="cs-CZ")
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": url}])
        first = context.new_page()
        first.goto(url + _path(meeting, chair))
        first.click("#enter")
        first.wait_for_selector("#tiles figure")
        for _ in range(ENTRIES):
            page = browser.new_context(locale="cs-CZ").new_page()
            page.goto(url + _path(meeting, guest))
            page.wait_for_selector("#preview-box[data-picture=true]")
            yield page.evaluate(SEEN) / 1000
            page.click("[data-stage=room] [data-leave]")
            page.wait_for_selector("#over-text:not(:empty)")
            page.context.close()
        browser.close()


# From the press to the first frame of anybody but oneself.
SEEN = """() => new Promise((done) => {
  const began = performance.now();
  const look = () => {
    const video = document.querySelector('.tile[data-own=false] video');
    if (video && video.videoWidth && video.currentTime > 0) done(performance.now() - began);
    else requestAnimationFrame(look);
  };
  document.getElementById("enter").click();
  look();
})"""


def _person(meeting: Meeting, role: str) -> Participant:
    return Participant.objects.create(
        office=meeting.office, meeting=meeting, role=role, name=role, invited_at=meeting.created_at
    )


def _path(meeting: Meeting, who: Participant) -> str:
    return f"/{meeting.office.slug}/schuzka/{participant_links.sign_token(who.pk, 1)}/"
