"""A server of calendars: it answers as it is told, with ETags, slowly, wrongly or elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Peer:
    """What is answered, and what was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b""
    etag: str = ""
    location: str = ""
    promised: int = 0  # bytes that are said to come and do not
    drip: float = 0.0  # seconds between single bytes
    silent: bool = False
    not_modified: str | None = None  # the tag with which every question is answered "not modified"
    properties: bytes = b""  # the answer to PROPFIND
    asked: list[dict[str, str]] = field(default_factory=list)
    let_go: threading.Event = field(default_factory=threading.Event)

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append({k.lower(): v for k, v in handler.headers.items()} | {"": handler.path})
        if self.silent:
            self.let_go.wait(30)
            return
        if handler.command == "PROPFIND" and not self.properties:
            handler.send_error(501)
            return
        if self.not_modified is not None:
            handler.send_response(304)
            if self.not_modified:
                handler.send_header("ETag", self.not_modified)
            handler.end_headers()
            return
        if self.etag and handler.headers.get("If-None-Match") == self.etag:
            handler.send_response(304)
            handler.end_headers()
            return
        handler.send_response(self.status)
        if self.location:
            handler.send_header("Location", self.location)
        if self.etag:
            handler.send_header("ETag", self.etag)
        body = self.properties if handler.command == "PROPFIND" else self.body
        handler.send_header("Content-Length", str(len(body) + self.promised))
        handler.end_headers()
        self._send(handler, body)

    def _send(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        try:
            if not self.drip:
                handler.wfile.write(body)
                return
            for byte in body:
                handler.wfile.write(bytes([byte]))
                if self.let_go.wait(self.drip):
                    return
        except OSError:
            return  # the asker has hung up


@contextmanager
def running() -> Iterator[Peer]:
    peer = Peer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            peer.answer(self)

        def do_REPORT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            peer.answer(self)

        def do_PROPFIND(self) -> None:
            self.do_REPORT()

        def log_message(self, *said: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    peer.url = f"http://127.0.0.1:{server.server_address[1]}/kalendar.ics"
    try:
        yield peer
    finally:
        peer.let_go.set()
        server.shutdown()
        server.server_close()
