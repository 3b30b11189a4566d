"""Requests as bytes come from the network: what no test client would send, answered by all of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from prepazka.config.onehop import OneHop

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(frozen=True)
class Reply:
    """What came back; `headers` by their small names."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def is_problem(self) -> bool:
        """Whether it is what the API documents of its errors."""
        if self.headers.get("content-type") != "application/problem+json":
            return False
        said = self.json()
        return said["status"] == self.status and bool(said["title"]) and bool(said["code"])


class Program:
    """The application in this thread and transaction, as the web server calls it."""

    def __init__(self) -> None:
        self.hop = OneHop()

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | str = b"",
        kind: str = "",
        headers: dict[str, str | bytes] | None = None,
        cookies: str = "",
    ) -> Reply:
        """Send one request; `target` is the address with its percent signs, as on the wire."""
        path, _mark, query = target.partition("?")
        body = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
        lines = {"host": "testserver", **(headers or {})}
        if cookies:
            lines["cookie"] = cookies
        if kind:
            lines["content-type"] = kind
        if body or method == "POST":
            lines["content-length"] = str(len(body))
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),  # as web servers do: what is no UTF-8 becomes U+FFFD
            "raw_path": path.encode("latin1"),
            "query_string": query.encode("latin1"),
            "root_path": "",
            "headers": [
                (
                    name.encode("latin1"),
                    value if isinstance(value, bytes) else value.encode("latin1"),
                )
                for name, value in lines.items()
            ],
            "client": ("192.0.2.7", 40000),
            "server": ("testserver", 80),
            "scheme": "http",
        }
        # As Django's test client: the connection belongs to the test, and stays in its transaction.
        for signal in (request_started, request_finished):
            signal.disconnect(close_old_connections)
        try:
            status, got, content = self.hop._answer(scope, BytesIO(body))
        finally:
            for signal in (request_started, request_finished):
                signal.connect(close_old_connections)
        return Reply(status, {k.decode(): v.decode("latin1") for k, v in got}, content)


def cookies_of(client: Any) -> str:
    """The cookies of a Django test client as one header."""
    return "; ".join(f"{name}={morsel.coded_value}" for name, morsel in client.cookies.items())
