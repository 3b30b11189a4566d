"""Repeated requests: with one Idempotency-Key a POST has its effect once."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest
from ninja import Header
from ninja.responses import NinjaJSONEncoder
from pydantic import WithJsonSchema

from prepazka.web.idempotency import run_once

Key = Annotated[UUID | None, WithJsonSchema({"type": "string", "format": "uuid"})]
KEY: Any = Header(  # type: ignore[type-arg]  # a function at run time
    None,
    alias="Idempotency-Key",
    description="A UUID of the client's own for this request, kept for two days. Sent again with"
    " the same key, the request has no further effect. Its response is the first one again or, for"
    " a booking, says how the booking is then.",
)


def do_once(
    request: HttpRequest,
    *,
    principal: str,
    key: UUID | None,
    now: datetime,
    work: Callable[[], dict[str, Any]],
    again: Callable[[], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The response of the work, or the stored one if the key was used before by the principal.

    With `again`, which answers a repeat, nothing but the key is stored. Raises KeyReused if
    the key came with another request.
    """
    if key is None:
        with transaction.atomic():
            return work()

    def to_response(response: dict[str, Any] | None) -> dict[str, Any]:
        if response is None and again:
            return again()
        stored: dict[str, Any] = json.loads(json.dumps(response or {}, cls=NinjaJSONEncoder))
        return stored

    return run_once(
        request,
        principal=principal,
        key=key,
        now=now,
        work=work,
        to_response=to_response,
        stored=again is None,
    )
