"""One request to a conferencing server: never long, never big, never elsewhere."""

from __future__ import annotations

import time

import httpx

from prepazka.gateways.video.port import Unavailable

# An official and perhaps citizens wait for it, and another room is tried after it.
WITHIN = 4.0
TIMEOUT = httpx.Timeout(3.0, connect=2.0)
LARGEST = 512 * 1024


def ask(
    method: str, url: str, *, content: bytes = b"", media_type: str = "", within: float = WITHIN
) -> bytes:
    """What the server answered. Raises Unavailable for all but success, also for a redirect."""
    deadline, found = time.monotonic() + within, bytearray()
    headers = {"Accept-Encoding": "identity"}
    if content:
        headers["Content-Type"] = media_type
    try:
        with (
            httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
            client.stream(method, url, content=content or None, headers=headers) as answer,
        ):
            if not answer.is_success:
                raise Unavailable(f"the server answered {answer.status_code}")
            for part in answer.iter_raw(16 * 1024):
                found += part
                if len(found) > LARGEST:
                    raise Unavailable("the server answered too much")
                if time.monotonic() > deadline:
                    raise Unavailable("the server is too slow")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The address may hold a checksum, so only the kind of the error is said.
        raise Unavailable(f"no answer: {type(error).__name__}") from None
    return bytes(found)
