"""A gateway on the web: a real HTTP server that answers as it is told, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

Answer = tuple[int, str, str]  # status, content type, body


@dataclass
class Peer:
    """What was asked, oldest first, and what is answered next; the last answer repeats."""

    url: str = ""
    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    silent: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    def say(self, *answers: Answer) -> None:
        self.answers[:] = answers

    def form(self, which: int = -1) -> dict[str, str]:
        return {key: value[0] for key, value in parse_qs(self.asked[which][2]).items()}


@contextmanager
def running() -> Iterator[Peer]:
    peer = Peer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            peer.asked.append((self.path, dict(self.headers.items()), body))
            if peer.silent.is_set():
                peer.let_go.wait(30)
                return
            status, kind, said = peer.answers.pop(0) if len(peer.answers) > 1 else peer.answers[0]
            content = said.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *said: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    peer.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield peer
    finally:
        peer.let_go.set()
        server.shutdown()
        server.server_close()
