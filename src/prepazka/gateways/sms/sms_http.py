"""Requests to web gateways with timeouts, and their failures."""

from __future__ import annotations

from typing import Any

import httpx
from django.conf import settings

from prepazka.messaging.message_types import Undeliverable

# The message's row is locked meanwhile, so all attempts together must end within half a minute.
TIMEOUT = httpx.Timeout(6.0, connect=3.0)
LONGEST_ANSWER = 64 * 1024


def gateway_hosts(usual: str) -> list[str]:
    """The hosts of the gateway; SMS_URL may name another one, or several separated by commas."""
    hosts = [host.strip() for host in (settings.SMS_URL or usual).split(",")]
    return [host.rstrip("/") for host in hosts if host]


def post_to_gateway(hosts: list[str], path: str, **request: Any) -> httpx.Response:
    """The gateway's answer of any status. Raises a temporary Undeliverable.

    The next host is tried only if one could not be reached, because a host that was reached and
    timed out may have sent the message.
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
            raise failure_of_unknown_answer()
        return answer
    raise Undeliverable("the gateway cannot be reached", permanent=False)


def json_of(answer: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer. Raises Undeliverable."""
    try:
        decoded = answer.json()
    except ValueError as error:
        raise failure_of_unknown_answer(answer) from error
    if not isinstance(decoded, dict):
        raise failure_of_unknown_answer(answer)
    return decoded


def failure_of_refusal(why: object, *, permanent: bool) -> Undeliverable:
    """The failure of a refused message; permanent only for faults of the message itself."""
    reason = " ".join(str(why).split())[:120]
    return Undeliverable(f"the gateway refused: {reason}", permanent=permanent)


def failure_of_unknown_answer(answer: httpx.Response | None = None) -> Undeliverable:
    """The failure of an undocumented answer; temporary."""
    status = f" (HTTP {answer.status_code})" if answer is not None else ""
    return Undeliverable(f"the gateway's answer makes no sense{status}", permanent=False)
