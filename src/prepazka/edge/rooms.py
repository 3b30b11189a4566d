"""Rooms of meetings at the edge: one reader per room and process, one queue per open stream."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool

from prepazka.edge.database_watch import watch
from prepazka.meetings import seats, signals

log = logging.getLogger(__name__)

BEAT = 10.0  # seconds between signs of life, and after which who is here is looked at again
RETRY = 1.0
CONNECTIONS = 4
BACKLOG = 256  # unsent frames of one stream; who is slower than that comes anew
RATE, BURST = 40.0, 400.0  # signals a second of one seat, and at once
MOST_KEPT = 10_000  # seats whose sending is counted


@dataclass(eq=False)
class Listener:
    """One open stream: whose it is, and what it has heard."""

    seat: seats.Seat
    cursor: int
    frames: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(BACKLOG))
    state: str = ""

    def put(self, frame: bytes) -> None:
        """Queue the frame; a stream that does not keep up is ended."""
        try:
            self.frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        """Let the stream finish after what is queued, or at once if that is too much."""
        if self.frames.full():
            self.frames.get_nowait()
        self.frames.put_nowait(None)


@dataclass(eq=False)
class Room:
    """The streams of one meeting in this process."""

    meeting: UUID
    listeners: set[Listener] = field(default_factory=set)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Rooms:
    """Reads what is new in a room once, and gives each stream what it may hear."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.rooms: dict[UUID, Room] = {}
        self._pool: AsyncConnectionPool | None = None
        self._opening = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self._spent: dict[UUID, tuple[float, float]] = {}

    async def stop(self) -> None:
        """Let every stream go."""
        tasks = [room.task for room in self.rooms.values() if room.task]
        tasks += [self._listening] if self._listening else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for room in self.rooms.values():
            for one in room.listeners:
                one.end()
        if self._pool:
            await self._pool.close()

    async def join(self, seat: seats.Seat, after: int) -> Listener:
        """Begin to listen as this seat, from the signal after that number."""
        await self._open()
        room = self.rooms.setdefault(seat.meeting, Room(seat.meeting))
        listener = Listener(seat, after)
        room.listeners.add(listener)
        room.news.set()
        if room.task is None:
            room.task = asyncio.create_task(self._run(room))
        return listener

    def part(self, listener: Listener) -> None:
        """Forget a stream that is gone, and a room without streams."""
        room = self.rooms.get(listener.seat.meeting)
        if room is None:
            return
        room.listeners.discard(listener)
        if not room.listeners:
            self.rooms.pop(room.meeting, None)
            if room.task:
                room.task.cancel()

    async def send(self, seat: seats.Seat, said: list[dict[str, Any]]) -> bool:
        """Tell others in the room; False where the seat is not inside. Raises psycopg.Error."""
        values = {
            "signals": json.dumps(said),
            "channel": signals.CHANNEL,
            **_keys(seat),
        }
        row = await self._one(signals.SEND, values)
        return bool(row and row[1])

    async def pulse(self, seat: seats.Seat) -> bool:
        """Note that the seat lives; False where it is not the participant's any more."""
        return await self._one(signals.PULSE, _keys(seat)) is not None

    def spend(self, seat: UUID, count: int) -> bool:
        """Whether the seat may send so many signals now."""
        now = time.monotonic()
        left, at = self._spent.get(seat, (BURST, now))
        left = min(BURST, left + (now - at) * RATE) - count
        if len(self._spent) > MOST_KEPT:  # seats long gone have their whole burst again anyway
            self._spent.clear()
        self._spent[seat] = (max(left, 0.0), now)
        return left >= 0

    async def _one(self, statement: str, values: dict[str, Any]) -> Any:
        await self._open()
        assert self._pool  # noqa: S101  # just opened
        async with self._pool.connection(timeout=5) as connection:
            return await (await connection.execute(statement, values)).fetchone()

    async def _open(self) -> None:
        async with self._opening:
            if self._pool is None:
                pool = AsyncConnectionPool(
                    self.conninfo,
                    min_size=1,
                    max_size=CONNECTIONS,
                    open=False,
                    kwargs={"autocommit": True, "connect_timeout": 5, "prepare_threshold": 3},
                    check=AsyncConnectionPool.check_connection,
                    configure=_watched,
                )
                await pool.open()
                self._pool = pool
                self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        while True:
            with contextlib.suppress(psycopg.Error, OSError, ValueError):
                await self._listen_once()
            await asyncio.sleep(RETRY)

    async def _listen_once(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self.conninfo, autocommit=True, connect_timeout=5
        )
        watch.add(connection)
        async with connection:
            await connection.execute(f"LISTEN {signals.CHANNEL}")
            for room in self.rooms.values():  # what was missed before the listening
                room.news.set()
            while True:
                async for notice in connection.notifies(timeout=BEAT):
                    if named := self.rooms.get(UUID(notice.payload)):
                        named.news.set()
                await connection.execute("SELECT 1")  # notices a connection that died silently

    async def _run(self, room: Room) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(room.news.wait(), BEAT)
            beat = not room.news.is_set()
            room.news.clear()
            try:
                await self._read(room)
            except (psycopg.Error, OSError) as error:
                log.warning("a room could not be read: %s", type(error).__name__)
                await asyncio.sleep(RETRY)
                room.news.set()
            if beat:
                for one in room.listeners:
                    one.put(b"event: alive\ndata: {}\n\n")

    async def _read(self, room: Room) -> None:
        # A stream that joins during the reading was not asked about, and waits for the next one.
        asked = list(room.listeners)
        after = min((one.cursor for one in asked), default=0)
        row = await self._one(
            signals.READ, {"meeting": room.meeting, "after": after, "present": signals.PRESENT}
        )
        for one in asked:
            if row is None:
                _over(one, "ended")
            else:
                _give(one, *row)


async def _watched(connection: psycopg.AsyncConnection[Any]) -> None:
    watch.add(connection)


def _keys(seat: seats.Seat) -> dict[str, Any]:
    return {"participant": seat.participant, "seat": seat.seat, "link": seat.link}


def _give(
    to: Listener,
    state: str,
    provider: str,
    people: list[dict[str, Any]],
    said: list[dict[str, Any]],
) -> None:
    """What this seat may hear of what was read: in the lobby nothing of the room."""
    me = next((one for one in people if one["id"] == str(to.seat.participant)), None)
    if why := _gone(to, me, state):
        _over(to, why)
        return
    assert me  # noqa: S101  # else it would be gone
    new = [one for one in said if one["id"] > to.cursor]
    shown = json.dumps(
        _shown(me, state, provider, people), separators=(",", ":"), ensure_ascii=False
    )
    if shown != to.state:
        to.state = shown
        to.put(b"event: state\ndata: " + shown.encode() + b"\n\n")
    if me["place"] == "inside":
        for one in _since_admitted(new, me["id"]):
            if one["to"] in (None, me["seat"]) and one["from"] != me["seat"]:
                to.put(_frame(one))
    if new:
        to.cursor = new[-1]["id"]


def _gone(to: Listener, me: dict[str, Any] | None, state: str) -> str:
    """Why the stream must end, if it must."""
    if me is None or me["revoked"] or me["link"] != to.seat.link:
        return "revoked"
    if me["place"] == "removed":
        return "removed"
    if state == "ended":
        return "ended"
    if me["seat"] != str(to.seat.seat):
        return "taken"
    return "left" if me["place"] == "away" else ""


def _over(to: Listener, why: str) -> None:
    to.put(b'event: over\ndata: {"reason":"' + why.encode() + b'"}\n\n')
    to.end()


def _since_admitted(said: list[dict[str, Any]], participant: str) -> list[dict[str, Any]]:
    """What was said after the participant was let in, if that is among it."""
    let_in = [
        at
        for at, one in enumerate(said)
        if one["from"] is None
        and one["kind"] == "admitted"
        and one["body"].get("participant") == participant
    ]
    return said[let_in[-1] + 1 :] if let_in else said


def _shown(
    me: dict[str, Any], state: str, provider: str, people: list[dict[str, Any]]
) -> dict[str, Any]:
    where = {"running": state == "running", "provider": provider}
    if me["place"] != "inside":
        return {"place": me["place"], **where}
    told = {
        "place": "inside",
        **where,
        "people": [_person(one) for one in people if one["place"] == "inside"],
    }
    if me["role"] == "chair":
        told["lobby"] = [_person(one) for one in people if one["place"] == "lobby"]
    return told


def _person(one: dict[str, Any]) -> dict[str, Any]:
    return {name: one[name] for name in ("id", "seat", "name", "role", "hand", "here")}


def _frame(one: dict[str, Any]) -> bytes:
    data = {"from": one["from"], "kind": one["kind"], "body": one["body"]}
    said = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return f"id: {one['id']}\nevent: signal\ndata: {said}\n\n".encode()
