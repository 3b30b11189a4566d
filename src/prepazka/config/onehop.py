"""Django behind ASGI in one hop: each request enters a thread of a fixed pool exactly once.

Django's own ASGI handler changes threads at every middleware and keeps one thread per open
stream; here open streams stay in the edge and the pool is as large as the database allows.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from tempfile import SpooledTemporaryFile
from typing import Any

from django.conf import settings
from django.core import signals
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.base import BaseHandler
from django.http import HttpResponseBase
from django.urls import set_script_prefix

from prepazka.config import bodies

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

IN_MEMORY = 1024 * 1024  # bytes of a body; a longer one is kept in a file
# Steps of clerks and posts to the API are short, never wait for another machine, and those of one
# office run one after another anyway: more threads at once would only compete for the processor
# while one of them holds the office's lock (docs/speed.md).
PRESSES_AT_ONCE = 2
PRESS = re.compile(r"(/en)?/(api|pult/[^/]+/krok)/")
# A password takes half a second of a processor to check. However many are sent at once, they are
# checked one after another, so that the threads stay free for all other requests.
PASSWORDS_AT_ONCE = 1
PASSWORD = re.compile(r"(/en)?/ucet/(login|reauthenticate|password)/")
log = logging.getLogger(__name__)

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


class OneHop(BaseHandler):
    """An ASGI application that answers HTTP requests by synchronous Django."""

    def __init__(self) -> None:
        super().__init__()
        self.load_middleware()
        self.pool: Executor = ThreadPoolExecutor(settings.WEB_THREADS, thread_name_prefix="web")
        self.presses = asyncio.Semaphore(PRESSES_AT_ONCE)
        self.passwords = asyncio.Semaphore(PASSWORDS_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, run Django in a thread, send its response."""
        loop = asyncio.get_running_loop()
        with SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            limit = bodies.largest_body_allowed(scope)
            fits = bodies.declared_body_length(scope) <= limit
            try:
                async with asyncio.timeout(
                    bodies.body_time_limit(bodies.declared_body_length(scope) if fits else 0)
                ):
                    is_complete = await _read(body, receive, limit) if fits else False
            except TimeoutError:
                refusal = await loop.run_in_executor(self.pool, bodies.too_slow_response, scope)
                refusal["Content-Length"] = str(len(refusal.content))
                await _send(send, (refusal.status_code, _headers(refusal), refusal.content))
                return
            if is_complete is None:
                # The client left, or the server could not tell where the chunks of its body end.
                refusal = await loop.run_in_executor(self.pool, bodies.not_readable_response, scope)
                refusal["Connection"] = "close"
                refusal["Content-Length"] = str(len(refusal.content))
                with suppress(OSError, RuntimeError):  # the client has left
                    await _send(send, (refusal.status_code, _headers(refusal), refusal.content))
                return
            if not is_complete:
                refusal = await loop.run_in_executor(self.pool, bodies.too_large_response, scope)
                await _refuse(refusal, receive, send)
                return
            async with self._gate(scope):
                answer = await loop.run_in_executor(self.pool, self._answer, scope, body)
        await _send(send, answer)

    def _gate(self, scope: Scope) -> AbstractAsyncContextManager[Any]:
        """The semaphore that the request waits for before it gets a thread."""
        if scope["method"] == "POST" and PASSWORD.match(scope["path"]):
            return self.passwords
        if scope["method"] == "POST" and PRESS.match(scope["path"]):
            return self.presses
        return nullcontext()

    def _answer(self, scope: Scope, body: Any) -> Answer:
        set_script_prefix(scope.get("root_path", "") or "/")
        signals.request_started.send(sender=type(self), scope=scope)
        try:
            request = ASGIRequest(scope, body)
        except ValueError:  # of its content type, or of bytes in its query
            response: Any = bodies.not_readable_response(scope)
        else:
            response = self.get_response(request)
        response._handler_class = type(self)  # noqa: SLF001  # as Django's own handlers do
        try:
            content = _content(response)
            # Whitenoise notes the length of a file when the process starts; an update may replace the
            # file later, and a browser discards a body whose length differs from the header.
            if content or not response.has_header("Content-Length"):
                response["Content-Length"] = str(len(content))
            return response.status_code, _headers(response), content
        finally:
            response.close()  # sends request_finished, which tidies the database connection


async def _send(send: Send, answer: Answer) -> None:
    status, headers, content = answer
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def _read(body: Any, receive: Receive, limit: int) -> bool | None:
    """Read the body. Returns whether it fits; None when the client left before its end."""
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            return False
        body.write(chunk)
        if not message.get("more_body"):
            body.seek(0)
            return True


def _headers(response: HttpResponseBase) -> list[tuple[bytes, bytes]]:
    headers = [(k.lower().encode("ascii"), v.encode("latin1")) for k, v in response.items()]
    headers += [
        (b"set-cookie", morsel.OutputString().encode("ascii"))
        for morsel in response.cookies.values()
    ]
    return headers


def _content(response: Any) -> bytes:
    """The body in one piece: pages are small, and the edge serves long streams."""
    if response.streaming:
        return b"".join(response.streaming_content)
    return bytes(response.content)


async def _refuse(answer: Any, receive: Receive, send: Send) -> None:
    """Answer before the body has been read, and end the connection after that."""
    content = bytes(answer.content)
    answer["Content-Length"] = str(len(content))
    status = answer.status_code
    await send({"type": "http.response.start", "status": status, "headers": _headers(answer)})
    await send({"type": "http.response.body", "body": content, "more_body": True})
    await bodies.drain_body(receive)
    await send({"type": "http.response.body", "body": b""})
