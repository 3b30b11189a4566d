"""What the gateways on the web have in common: a request that never hangs, and what its end means."""

from __future__ import annotations

from typing import Any

import httpx
from django.conf import settings

from prepazka.messaging.port import Undeliverable

# The message's row stays locked meanwhile, so all tries together must end within half a minute.
TIMEOUT = httpx.Timeout(6.0, connect=3.0)
LONGEST_ANSWER = 64 * 1024


def addresses(usual: str) -> list[str]:
    """Where to ask; SMS_URL may name another host, or several to be tried in turn."""
    found = [one.strip() for one in (settings.SMS_URL or usual).split(",")]
    return [one.rstrip("/") for one in found if one]


def post(hosts: list[str], path: str, **request: Any) -> httpx.Response:
    """The gateway's answer, whatever its status. Raises Undeliverable, which may be tried again.

    The next host is asked only when a host could not be reached at all: one that was reached and
    fell silent may have sent the message.
    """
    for host in hosts:
        try:
            with httpx.Client(timeout=TIMEOUT, follow_redirects=False) as client:
                answer = client.post(host + path, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            continue
        except httpx.TimeoutException as error:
            raise Undeliverable("the gateway did not answer in time", permanent=False) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Undeliverable(
                f"no answer of the gateway: {type(error).__name__}", permanent=False
            ) from error
        if len(answer.content) > LONGEST_ANSWER:
            raise not_understood()
        return answer
    raise Undeliverable("the gateway cannot be reached", permanent=False)


def json_of(answer: httpx.Response) -> dict[str, Any]:
    """The object that the gateway answered. Raises Undeliverable."""
    try:
        found = answer.json()
    except ValueError as error:
        raise not_understood(answer) from error
    if not isinstance(found, dict):
        raise not_understood(answer)
    return found


def refused(why: object, *, permanent: bool) -> Undeliverable:
    """The gateway said no; only what is wrong with the message itself is permanent."""
    said = " ".join(str(why).split())[:120]
    return Undeliverable(f"the gateway refused: {said}", permanent=permanent)


def not_understood(answer: httpx.Response | None = None) -> Undeliverable:
    """The gateway answered something it never documented."""
    status = f" (HTTP {answer.status_code})" if answer is not None else ""
    return Undeliverable(f"the gateway's answer makes no sense{status}", permanent=False)
