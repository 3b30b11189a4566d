"""A request to a conferencing server, limited in time and size, without redirects."""

from __future__ import annotations

import time

import httpx

from prepazka.gateways.video.video_types import Unavailable

# Seconds; people wait for the answer, and another provider is tried after it.
WITHIN = 4.0
TIMEOUT = httpx.Timeout(3.0, connect=2.0)
LARGEST = 512 * 1024


def fetch_body(
    method: str, url: str, *, content: bytes = b"", media_type: str = "", within: float = WITHIN
) -> bytes:
    """The body of a successful answer. Raises Unavailable otherwise, also for a redirect."""
    deadline, received = time.monotonic() + within, bytearray()
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
            for chunk in answer.iter_raw(16 * 1024):
                received += chunk
                if len(received) > LARGEST:
                    raise Unavailable("the server answered too much")
                if time.monotonic() > deadline:
                    raise Unavailable("the server is too slow")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # Only the kind of the error, because its text may contain the signed URL.
        raise Unavailable(f"no answer: {type(error).__name__}") from None
    return bytes(received)
