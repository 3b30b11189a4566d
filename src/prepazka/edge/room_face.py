"""The addresses of rooms at the edge: the stream, the signals, the pulse.

A credential in a header opens them, so nothing secret comes into logs and no cookie counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout

from prepazka.core import reading
from prepazka.edge.rooms import Listener, Rooms
from prepazka.meetings import seats, signals

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PREFIX = "/zive/schuzka/"
METHODS = {"proud": "GET", "signaly": "POST", "tep": "POST"}
LARGEST_POST = 128 * 1024
SENDS_WITHIN = 20.0  # seconds for the body of a post
NO_STORE = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
STREAM = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class RoomFace:
    """Answers what browsers in rooms ask."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the method and the credential, then answer."""
        what = scope["path"].removeprefix(PREFIX)
        if what not in METHODS:
            await _say(send, 404)
        elif scope["method"] != METHODS[what]:
            await _say(send, 405, more=[(b"allow", METHODS[what].encode())])
        elif (seat := _seat(scope)) is None:
            await _say(send, 401)
        else:
            try:
                await getattr(self, f"_{what}")(seat, scope, receive, send)
            except (psycopg.Error, PoolTimeout, OSError):
                with contextlib.suppress(RuntimeError):  # the answer had begun
                    await _say(send, 503, more=[(b"retry-after", b"2")])

    async def _proud(self, seat: seats.Seat, scope: Scope, receive: Receive, send: Send) -> None:
        after = reading.whole(_header(scope, b"last-event-id")) or 0
        listener = await self.rooms.join(seat, after)
        leaving = asyncio.ensure_future(_until_gone(receive))
        leaving.add_done_callback(lambda _: listener.end())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": STREAM})
            await _pour(listener, send)
        finally:
            leaving.cancel()
            self.rooms.part(listener)
            with contextlib.suppress(OSError):
                await send({"type": "http.response.body", "body": b""})

    async def _signaly(self, seat: seats.Seat, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(SENDS_WITHIN):
                body = await _read(receive)
        except TimeoutError:
            await _say(send, 408, more=[(b"connection", b"close")])
            return
        if body is None:
            await _say(send, 413)
        elif (said := understood(body)) is None:
            await _say(send, 422)
        elif not self.rooms.spend(seat.seat, len(said)):
            await _say(send, 429, more=[(b"retry-after", b"1")])
        else:
            await _say(send, 200 if await self.rooms.send(seat, said) else 403)

    async def _tep(self, seat: seats.Seat, scope: Scope, receive: Receive, send: Send) -> None:
        if await self.rooms.pulse(seat):
            await _say(send, 200, {"credential": seats.sign(seat)})
        else:
            await _say(send, 403)


def understood(body: bytes) -> list[dict[str, Any]] | None:
    """The signals of a request, or None where they are not as documented."""
    try:
        said = reading.json_value(body)["signals"]
        if not (isinstance(said, list) and 0 < len(said) <= signals.MOST):
            return None
        return [_understood(one) for one in said]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _understood(one: Any) -> dict[str, Any]:
    kind, body, to = one["kind"], one["body"], one.get("to")
    if kind not in signals.KINDS or not isinstance(body, dict):
        raise ValueError(kind)
    written = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()  # no half characters
    if len(written) > signals.LARGEST or b"\\u0000" in written:
        raise ValueError("too large, or what the database cannot keep")
    return {"kind": kind, "body": body, "to": str(UUID(to)) if to is not None else None}


async def _pour(listener: Listener, send: Send) -> None:
    while (frame := await listener.frames.get()) is not None:
        parts, last = [frame], False
        while not listener.frames.empty():
            more = listener.frames.get_nowait()
            if more is None:
                last = True
                break
            parts.append(more)
        body = b"".join(parts)
        await send({"type": "http.response.body", "body": body, "more_body": True})
        if last:
            return


def _seat(scope: Scope) -> seats.Seat | None:
    said = _header(scope, b"authorization")
    return seats.read(said[7:]) if said.startswith("Bearer ") else None


def _header(scope: Scope, wanted: bytes) -> str:
    found = next((value for name, value in scope["headers"] if name == wanted), b"")
    return str(found.decode("latin1"))


async def _read(receive: Receive) -> bytes | None:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if message["type"] == "http.disconnect" or len(body) > LARGEST_POST:
            return None
        if not message.get("more_body"):
            return body


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _say(
    send: Send, status: int, said: Any = None, more: list[tuple[bytes, bytes]] | None = None
) -> None:
    body = json.dumps(said or {}).encode()
    headers = [*NO_STORE, *(more or []), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
