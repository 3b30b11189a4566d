"""The addresses of rooms at the edge: the stream, the signals, the pulse.

A credential in a header opens them, so that no secret gets into logs and no cookie is used.
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
from prepazka.edge.room_streams import Listener, Rooms
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
    """Serves the addresses of rooms."""

    def __init__(self, rooms: Rooms) -> None:
        self.rooms = rooms

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the method and the credential, then answer."""
        action = scope["path"].removeprefix(PREFIX)
        if action not in METHODS:
            await _respond(send, 404)
        elif scope["method"] != METHODS[action]:
            await _respond(send, 405, extra_headers=[(b"allow", METHODS[action].encode())])
        elif (seat := _seat(scope)) is None:
            await _respond(send, 401)
        else:
            try:
                await getattr(self, f"_{action}")(seat, scope, receive, send)
            except (psycopg.Error, PoolTimeout, OSError):
                with contextlib.suppress(RuntimeError):  # the response had begun
                    await _respond(send, 503, extra_headers=[(b"retry-after", b"2")])

    async def _proud(self, seat: seats.Seat, scope: Scope, receive: Receive, send: Send) -> None:
        after = reading.read_whole_number(_header(scope, b"last-event-id")) or 0
        listener = await self.rooms.join(seat, after)
        leaving = asyncio.ensure_future(_until_gone(receive))
        leaving.add_done_callback(lambda _: listener.end())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": STREAM})
            await _send_frames(listener, send)
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
            await _respond(send, 408, extra_headers=[(b"connection", b"close")])
            return
        if body is None:
            await _respond(send, 413)
        elif (sent_signals := parse_signals(body)) is None:
            await _respond(send, 422)
        elif not self.rooms.spend(seat.seat, len(sent_signals)):
            await _respond(send, 429, extra_headers=[(b"retry-after", b"1")])
        else:
            await _respond(send, 200 if await self.rooms.send(seat, sent_signals) else 403)

    async def _tep(self, seat: seats.Seat, scope: Scope, receive: Receive, send: Send) -> None:
        if await self.rooms.pulse(seat):
            await _respond(send, 200, {"credential": seats.sign_seat(seat)})
        else:
            await _respond(send, 403)


def parse_signals(body: bytes) -> list[dict[str, Any]] | None:
    """The signals of a request's body, or None where they are invalid."""
    try:
        sent_signals = reading.json_value(body)["signals"]
        if not (isinstance(sent_signals, list) and 0 < len(sent_signals) <= signals.MOST):
            return None
        return [_read_signal(signal) for signal in sent_signals]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _read_signal(signal: Any) -> dict[str, Any]:
    kind, body, to = signal["kind"], signal["body"], signal.get("to")
    if kind not in signals.KINDS or not isinstance(body, dict):
        raise ValueError(kind)
    encoded = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()  # no half characters
    if len(encoded) > signals.LARGEST or b"\\u0000" in encoded:
        raise ValueError("too large, or what the database cannot keep")
    return {"kind": kind, "body": body, "to": str(UUID(to)) if to is not None else None}


async def _send_frames(listener: Listener, send: Send) -> None:
    while (frame := await listener.frames.get()) is not None:
        frames, is_last = [frame], False
        while not listener.frames.empty():
            next_frame = listener.frames.get_nowait()
            if next_frame is None:
                is_last = True
                break
            frames.append(next_frame)
        body = b"".join(frames)
        await send({"type": "http.response.body", "body": body, "more_body": True})
        if is_last:
            return


def _seat(scope: Scope) -> seats.Seat | None:
    credential = _header(scope, b"authorization")
    return seats.read_seat(credential[7:]) if credential.startswith("Bearer ") else None


def _header(scope: Scope, header: bytes) -> str:
    raw = next((content for name, content in scope["headers"] if name == header), b"")
    return str(raw.decode("latin1"))


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


async def _respond(
    send: Send,
    status: int,
    content: Any = None,
    extra_headers: list[tuple[bytes, bytes]] | None = None,
) -> None:
    body = json.dumps(content or {}).encode()
    headers = [*NO_STORE, *(extra_headers or []), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
