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

IN_MEMORY = 1024 * 1024  # of a body; what is longer waits in a file
# Presses of clerks and posts of programs are short, never ask another machine, and those of one
# office happen one after another anyway: more threads at once would only take the processor from
# each other while one of them holds the office's lock (docs/speed.md).
PRESSES_AT_ONCE = 2
PRESS = re.compile(r"(/en)?/(api|pult/[^/]+/krok)/")
# A password takes half a second of a processor to check. However many are sent at once, they wait
# for each other and leave the threads to everybody else.
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
        """Read the body, run Django in a thread, send what it answered."""
        loop = asyncio.get_running_loop()
        with SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            most = bodies.largest(scope)
            fits = bodies.declared(scope) <= most
            try:
                async with asyncio.timeout(bodies.within(bodies.declared(scope) if fits else 0)):
                    whole = await _read(body, receive, most) if fits else False
            except TimeoutError:
                refusal = await loop.run_in_executor(self.pool, bodies.too_slow, scope)
                refusal["Content-Length"] = str(len(refusal.content))
                await _send(send, (refusal.status_code, _headers(refusal), refusal.content))
                return
            if whole is None:
                # The client left, or the server could not read where the parts of its body end.
                refusal = await loop.run_in_executor(self.pool, bodies.not_readable, scope)
                refusal["Connection"] = "close"
                refusal["Content-Length"] = str(len(refusal.content))
                with suppress(OSError, RuntimeError):  # nobody is there to take it
                    await _send(send, (refusal.status_code, _headers(refusal), refusal.content))
                return
            if not whole:
                refusal = await loop.run_in_executor(self.pool, bodies.too_large, scope)
                await _refuse(refusal, receive, send)
                return
            async with self._gate(scope):
                answer = await loop.run_in_executor(self.pool, self._answer, scope, body)
        await _send(send, answer)

    def _gate(self, scope: Scope) -> AbstractAsyncContextManager[Any]:
        """What the request waits at before it gets a thread."""
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
            response: Any = bodies.not_readable(scope)
        else:
            response = self.get_response(request)
        response._handler_class = type(self)  # noqa: SLF001  # as Django's own handlers do
        try:
            content = _content(response)
            # A file of whitenoise has the length of the day the process started; an update may have
            # replaced it since, and a browser throws away what is not as long as the header says.
            if content or not response.has_header("Content-Length"):
                response["Content-Length"] = str(len(content))
            return response.status_code, _headers(response), content
        finally:
            response.close()  # sends request_finished, which tidies the database connection


async def _send(send: Send, answer: Answer) -> None:
    status, headers, content = answer
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def _read(body: Any, receive: Receive, most: int) -> bool | None:
    """Whether the body fits; None when the client left before it was whole."""
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > most:
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
    """The whole body: pages are small, and long streams belong to the edge."""
    if response.streaming:
        return b"".join(response.streaming_content)
    return bytes(response.content)


async def _refuse(answer: Any, receive: Receive, send: Send) -> None:
    """Answer before the body has come, and only then end the connection."""
    content = bytes(answer.content)
    answer["Content-Length"] = str(len(content))
    status = answer.status_code
    await send({"type": "http.response.start", "status": status, "headers": _headers(answer)})
    await send({"type": "http.response.body", "body": content, "more_body": True})
    await bodies.drain(receive)
    await send({"type": "http.response.body", "body": b""})
