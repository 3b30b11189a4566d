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

BEAT = 10.0  # seconds between heartbeats, at which the room is read again as well
RETRY = 1.0
CONNECTIONS = 4
BACKLOG = 256  # unsent frames of one stream; a slower reader is ended and reconnects
RATE, BURST = 40.0, 400.0  # signals of one seat, per second and at once
MOST_KEPT = 10_000  # seats whose signals are counted


@dataclass(eq=False)
class Listener:
    """One open stream: its seat, and the last signal and state sent to it."""

    seat: seats.Seat
    cursor: int
    frames: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(BACKLOG))
    state: str = ""

    def put(self, frame: bytes) -> None:
        """Queue the frame; end the stream if its backlog is full."""
        try:
            self.frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        """End the stream after the queued frames."""
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
    """Reads a room's news once for all its streams, and sends each what it may see."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.rooms: dict[UUID, Room] = {}
        self._pool: AsyncConnectionPool | None = None
        self._opening = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self._spent: dict[UUID, tuple[float, float]] = {}

    async def stop(self) -> None:
        """End all streams."""
        tasks = [room.task for room in self.rooms.values() if room.task]
        tasks += [self._listening] if self._listening else []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for room in self.rooms.values():
            for listener in room.listeners:
                listener.end()
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

    async def send(self, seat: seats.Seat, sent_signals: list[dict[str, Any]]) -> bool:
        """Send signals to the room; False where the seat is not inside. Raises psycopg.Error."""
        params = {
            "signals": json.dumps(sent_signals),
            "channel": signals.CHANNEL,
            **_seat_params(seat),
        }
        row = await self._fetch_row(signals.SEND, params)
        return bool(row and row[1])

    async def pulse(self, seat: seats.Seat) -> bool:
        """Record that the seat is alive; False where it is no longer the participant's."""
        return await self._fetch_row(signals.PULSE, _seat_params(seat)) is not None

    def spend(self, seat: UUID, count: int) -> bool:
        """Whether the seat may send so many signals now."""
        now = time.monotonic()
        tokens, counted_at = self._spent.get(seat, (BURST, now))
        tokens = min(BURST, tokens + (now - counted_at) * RATE) - count
        if len(self._spent) > MOST_KEPT:  # long-gone seats have their full burst again anyway
            self._spent.clear()
        self._spent[seat] = (max(tokens, 0.0), now)
        return tokens >= 0

    async def _fetch_row(self, statement: str, values: dict[str, Any]) -> Any:
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
            for room in self.rooms.values():  # news before the listening were missed
                room.news.set()
            while True:
                async for notice in connection.notifies(timeout=BEAT):
                    if named := self.rooms.get(UUID(notice.payload)):
                        named.news.set()
                await connection.execute("SELECT 1")  # detects a connection that died silently

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
                for listener in room.listeners:
                    listener.put(b"event: alive\ndata: {}\n\n")

    async def _read(self, room: Room) -> None:
        # A stream that joins during the reading waits for the next one.
        listeners = list(room.listeners)
        after = min((listener.cursor for listener in listeners), default=0)
        row = await self._fetch_row(
            signals.READ, {"meeting": room.meeting, "after": after, "present": signals.PRESENT}
        )
        for listener in listeners:
            if row is None:
                _end_stream(listener, "ended")
            else:
                _deliver(listener, *row)


async def _watched(connection: psycopg.AsyncConnection[Any]) -> None:
    watch.add(connection)


def _seat_params(seat: seats.Seat) -> dict[str, Any]:
    return {"participant": seat.participant, "seat": seat.seat, "link": seat.link}


def _deliver(
    listener: Listener,
    state: str,
    provider: str,
    people: list[dict[str, Any]],
    signals_read: list[dict[str, Any]],
) -> None:
    """Send the stream what its seat may see of the room; in the lobby only the seat's own state."""
    me = next((person for person in people if person["id"] == str(listener.seat.participant)), None)
    if why := _reason_to_end(listener, me, state):
        _end_stream(listener, why)
        return
    assert me  # noqa: S101  # otherwise there is a reason to end
    new_signals = [signal for signal in signals_read if signal["id"] > listener.cursor]
    state_shown = json.dumps(
        _view_for(me, state, provider, people), separators=(",", ":"), ensure_ascii=False
    )
    if state_shown != listener.state:
        listener.state = state_shown
        listener.put(b"event: state\ndata: " + state_shown.encode() + b"\n\n")
    if me["place"] == "inside":
        for signal in _since_admitted(new_signals, me["id"]):
            if signal["to"] in (None, me["seat"]) and signal["from"] != me["seat"]:
                listener.put(_frame(signal))
    if new_signals:
        listener.cursor = new_signals[-1]["id"]


def _reason_to_end(to: Listener, me: dict[str, Any] | None, state: str) -> str:
    """The reason why the stream must end; "" if it goes on."""
    if me is None or me["revoked"] or me["link"] != to.seat.link:
        return "revoked"
    if me["place"] == "removed":
        return "removed"
    if state == "ended":
        return "ended"
    if me["seat"] != str(to.seat.seat):
        return "taken"
    return "left" if me["place"] == "away" else ""


def _end_stream(to: Listener, why: str) -> None:
    to.put(b'event: over\ndata: {"reason":"' + why.encode() + b'"}\n\n')
    to.end()


def _since_admitted(signals_read: list[dict[str, Any]], participant: str) -> list[dict[str, Any]]:
    """The signals after the participant's admission, or all if it is not among them."""
    admissions = [
        at
        for at, signal in enumerate(signals_read)
        if signal["from"] is None
        and signal["kind"] == "admitted"
        and signal["body"].get("participant") == participant
    ]
    return signals_read[admissions[-1] + 1 :] if admissions else signals_read


def _view_for(
    me: dict[str, Any], state: str, provider: str, people: list[dict[str, Any]]
) -> dict[str, Any]:
    room_state = {"running": state == "running", "provider": provider}
    if me["place"] != "inside":
        return {"place": me["place"], **room_state}
    view = {
        "place": "inside",
        **room_state,
        "people": [_person(person) for person in people if person["place"] == "inside"],
    }
    if me["role"] == "chair":
        view["lobby"] = [_person(person) for person in people if person["place"] == "lobby"]
    return view


def _person(person: dict[str, Any]) -> dict[str, Any]:
    return {name: person[name] for name in ("id", "seat", "name", "role", "hand", "here")}


def _frame(signal: dict[str, Any]) -> bytes:
    content = {"from": signal["from"], "kind": signal["kind"], "body": signal["body"]}
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    return f"id: {signal['id']}\nevent: signal\ndata: {text}\n\n".encode()
