"""HTTP clients of virtual people: cookies, forms, and retries when the connection is lost."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from prepazka.playday.tally import Tally

TRIES = 6
AWAY = frozenset({502, 503, 504})


class Unreachable(Exception):  # named by what happened
    """The installation did not answer in several tries."""


class Net:
    """The address, connections and counts that all browsers share."""

    def __init__(self, base: str, tally: Tally) -> None:
        self.base, self.tally = base.rstrip("/"), tally
        limits = httpx.Limits(max_connections=64, max_keepalive_connections=32)
        self.transport = httpx.AsyncHTTPTransport(limits=limits)

    def browser(self) -> Browser:
        """A new browser without cookies."""
        return Browser(self)

    async def close(self) -> None:
        """Close the connections."""
        await self.transport.aclose()


class Browser:
    """One person's browser."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self._client = httpx.AsyncClient(
            transport=net.transport,
            base_url=net.base,
            follow_redirects=True,
            timeout=20,
            headers={"Accept-Language": "cs", "Referer": f"{net.base}/"},
        )

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """Open a page."""
        return await self._send("GET", path, **options)

    async def post(
        self, path: str, form: dict[str, str] | None = None, *, fragment: bool = False
    ) -> httpx.Response:
        """Send a form of a page that this browser has opened."""
        jar = self._client.cookies
        token = jar.get("__Host-csrftoken") or jar.get("csrftoken", "")
        headers = {"X-Fragment": "1"} if fragment else {}
        fields = {"csrfmiddlewaretoken": token} | (form or {})
        return await self._send("POST", path, data=fields, headers=headers)

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call the API; refusals are counted by their code."""
        answer = await self._send(method, f"/api/v1{path}", **options)
        if 400 <= answer.status_code < 500:  # noqa: PLR2004
            self.net.tally.refused(f"API: {answer.json().get('code', answer.status_code)}")
        return answer

    async def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        tally = self.net.tally
        for attempt in range(TRIES):
            try:
                answer = await self._client.request(method, path, **options)
            except httpx.TransportError:
                tally.lost += 1
                await asyncio.sleep(0.4 * (attempt + 1))
                continue
            tally.requests += 1
            if answer.status_code >= 500:  # noqa: PLR2004
                tally.broken(f"{answer.status_code} {method} {_kind(path)}")
            if answer.status_code not in AWAY:
                return answer
            await asyncio.sleep(0.4 * (attempt + 1))
        raise Unreachable(f"{method} {path}")


def _kind(path: str) -> str:
    """The path with ids and tokens replaced."""
    names = path.split("?", maxsplit=1)[0].strip("/").split("/")
    return "/".join(name if len(name) < 16 and not name.isdigit() else "…" for name in names)  # noqa: PLR2004
