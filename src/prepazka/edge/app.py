"""The bare-ASGI application in front of Django: it serves streams and hot answers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, Protocol

from django.conf import settings

from prepazka.core.browser_rules import headers_of_edge
from prepazka.edge import hot_routes
from prepazka.edge.answer_cache import Snapshots
from prepazka.edge.database_watch import watch
from prepazka.edge.health_route import PATH as HEALTH
from prepazka.edge.health_route import HealthFace
from prepazka.edge.hub import Hub, body_message
from prepazka.edge.personal_fragments import OwnParts
from prepazka.edge.room_routes import PREFIX, RoomFace
from prepazka.edge.room_streams import Rooms
from prepazka.edge.visitor_networks import Streams, TooManyStreams, network_of

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

STREAMS = re.compile(r"/zive/([-a-zA-Z0-9_]+)/?")
READING = ("GET", "HEAD")
STREAM_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"access-control-allow-origin", b"*"),
]
BUSY_HEADERS = [(b"content-type", b"application/problem+json"), (b"retry-after", b"60")]
AWAY_HEADERS = [(b"content-type", b"application/problem+json"), (b"retry-after", b"20")]
JSON_HEADERS = [(b"content-type", b"application/json")]
# The browser reconnects by itself after two seconds.
HELLO = b"retry: 2000\nevent: changed\ndata: []\n\n"


class Inner(Protocol):
    """The application behind the edge, whose threads the edge shares."""

    @property
    def pool(self) -> Executor:
        """Its threads."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""


class Edge:
    """Serves streams and hot answers, and passes all other requests to Django."""

    def __init__(
        self, inner: Inner, *fragments: Callable[[str], hot_routes.Route | hot_routes.Own | None]
    ) -> None:
        self.inner, self.fragments = inner, fragments
        self.hub = Hub(hot_routes.conninfo())
        self.snapshots = Snapshots(inner.pool)
        self.own_parts = OwnParts(self.snapshots)
        self.hub.on_change.append(self.snapshots.changed)
        self.rooms = Rooms(hot_routes.conninfo())
        self.room_face = RoomFace(self.rooms)
        self.health = HealthFace()
        self.streams = Streams()
        self._headers = headers_of_edge(
            hsts_seconds=settings.SECURE_HSTS_SECONDS,
            hsts_subdomains=settings.SECURE_HSTS_INCLUDE_SUBDOMAINS,
        )
        self._offices: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or run the lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] != "http":
            return
        elif (
            settings.MEETINGS
            and scope["path"].startswith(PREFIX)
            and len(scope["path"]) > len(PREFIX)
        ):
            await self._run_counted(
                self.room_face(scope, receive, self._with_security_headers(send)), scope, send
            )
        elif match := STREAMS.fullmatch(scope["path"]):
            stream = self._stream(match[1], scope, receive, self._with_security_headers(send))
            await self._run_counted(stream, scope, send)
        elif scope["path"] == HEALTH and scope["method"] in READING:
            await _send(self._with_security_headers(send), *await self.health())
        elif scope["method"] in READING and (route := self._route(scope)):
            await self._answer(scope, route, receive, send)
        else:
            await self.inner(scope, receive, send)

    def _with_security_headers(self, send: Send) -> Send:
        """`send` that adds the security headers of Django's responses where they are missing."""

        async def send_guarded(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                named = {name for name, _ in message["headers"]}
                missing = [header for header in self._headers if header[0] not in named]
                message = {**message, "headers": [*message["headers"], *missing]}
            await send(message)

        return send_guarded

    async def _run_counted(self, work: Coroutine[Any, Any, None], scope: Scope, send: Send) -> None:
        """Run a long request, or answer 429 if its address holds too many streams open."""
        address = network_of(scope, settings.TRUSTED_PROXIES)
        try:
            with self.streams.of(address):
                await work
        except TooManyStreams:
            work.close()
            await _send(
                self._with_security_headers(send),
                429,
                BUSY_HEADERS,
                hot_routes.too_many_streams_body(scope["headers"]),
            )

    async def stop(self) -> None:
        """End all streams."""
        await asyncio.gather(self.hub.stop(), self.rooms.stop(), asyncio.to_thread(watch.stop))

    def _route(self, scope: Scope) -> hot_routes.Route | hot_routes.Own | None:
        """The hot route of the request, or None; a header marks requests for parts of pages."""
        if any(name == b"x-fragment" for name, _ in scope["headers"]):
            routes = (fragment(scope["path"]) for fragment in self.fragments)
            return next((matched for matched in routes if matched), None)
        return hot_routes.hot_route(scope["path"], scope["query_string"])

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                watch.start(self.hub.conninfo)
                self.hub.start()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(
        self, scope: Scope, route: hot_routes.Route | hot_routes.Own, receive: Receive, send: Send
    ) -> None:
        try:
            status, headers, content = await self._content_of(scope, route)
        except LookupError:
            # Django answers the 404.
            await self.inner(scope, receive, send)
        except Exception as error:  # told apart by kind just below
            if not hot_routes.is_away(error):
                raise
            await _send(
                self._with_security_headers(send),
                503,
                AWAY_HEADERS,
                hot_routes.unavailable_body(scope["headers"]),
            )
        else:
            await _send(self._with_security_headers(send), status, headers, content)

    async def _content_of(
        self, scope: Scope, route: hot_routes.Route | hot_routes.Own
    ) -> tuple[int, hot_routes.Headers, bytes]:
        if isinstance(route, hot_routes.Own):
            return 200, route.headers, await self.own_parts.give(route)
        snapshot = self.snapshots.get(route.key) or await self.snapshots.make(
            route.key, route.build, route.topics, route.soonest
        )
        headers = [*route.headers, *route.deprecation, (b"etag", snapshot.etag)]
        for name, etags in scope["headers"]:
            if name == b"if-none-match" and snapshot.etag in etags:
                return 304, headers, b""
        return 200, headers, snapshot.body

    async def _stream(self, slug: str, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in READING:
            await _send(send, 405, [(b"allow", b"GET, HEAD")], b"")
            return
        try:
            office = await self._office(slug)
        except Exception as error:  # told apart by kind just below
            if not hot_routes.is_away(error):
                raise
            await _send(send, 503, AWAY_HEADERS, hot_routes.unavailable_body(scope["headers"]))
            return
        if office is None:
            await _send(send, 404, JSON_HEADERS, b"{}")
            return
        await send({"type": "http.response.start", "status": 200, "headers": STREAM_HEADERS})
        if scope["method"] == "HEAD":
            await send({"type": "http.response.body", "body": b""})
        else:
            await self._send_news(office, receive, send)

    async def _send_news(self, office: int, receive: Receive, send: Send) -> None:
        line = self.hub.join(office, send)
        try:
            line.tell(body_message(HELLO))
            await _until_gone(receive)  # or until the hub has ended the answer
        finally:
            self.hub.part(office, line)

    async def _office(self, slug: str) -> int | None:
        if slug not in self._offices:
            loop = asyncio.get_running_loop()
            office = await loop.run_in_executor(self.inner.pool, hot_routes.office_id, slug)
            if office is None:
                return None
            self._offices[slug] = office
        return self._offices[slug]


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    size = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, size]})
    await send({"type": "http.response.body", "body": body})
