"""Idempotency of API posts: with the same Idempotency-Key a request has its effect once."""

from __future__ import annotations

import hashlib
import inspect
import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID

from django.db import connection, transaction
from django.http import HttpRequest

from prepazka.core.refusal import Refused
from prepazka.web.models import IdempotentReply
from prepazka.web.refusals import KeyReused

STORE_ANSWER = """
INSERT INTO web_answered (principal, key, asked, answer, at)
VALUES (%s, %s, %s, %s, %s) ON CONFLICT (principal, key) DO NOTHING
"""

P = ParamSpec("P")
R = TypeVar("R")
Answer = dict[str, Any]
KEEP = timedelta(days=2)  # requests are not repeated after that
TIDY_EVERY = 100  # old rows are deleted once in so many requests, on average


def run_once(
    request: HttpRequest,
    *,
    principal: str,
    key: UUID | None,
    now: datetime,
    work: Callable[[], R],
    to_response: Callable[[R | None], Answer],
    stored: bool = True,
) -> Answer:
    """Do the work and return its response, or the stored response if the key was used before.

    The key is written last, with the response, in the work's transaction. A concurrent repeat
    waits there; its own work is rolled back and it returns the first one's response. A refusal
    stores no key, because it had no effect. `to_response` turns the work's return value into the
    response. A response with secrets is not `stored`: a repeat gets `to_response(None)`. Raises
    KeyReused.
    """
    if key is None:
        with transaction.atomic():
            return to_response(work())
    request_hash = hashlib.sha256(request.path.encode() + b"\0" + request.body).hexdigest()
    try:
        with transaction.atomic():
            answer = to_response(work())
            to_store = answer if stored else None
            if not _store_if_first(principal, key, request_hash, to_store, now):
                raise _DoneBefore
    except (_DoneBefore, Refused):
        reply = IdempotentReply.objects.filter(principal=principal, key=key).first()
        if reply is None:
            raise
        if reply.asked != request_hash:
            raise KeyReused from None
        return dict(reply.answer) if reply.answer is not None else to_response(None)
    if secrets.randbelow(TIDY_EVERY) == 0:
        IdempotentReply.objects.filter(at__lt=now - KEEP).delete()
    return answer


def is_key_of_another(key: UUID, principal: str) -> bool:
    """Whether somebody else has used the key."""
    return IdempotentReply.objects.filter(key=key).exclude(principal=principal).exists()


def without_transaction(use_case: Callable[P, R]) -> Callable[P, R]:
    """The use-case without its own `atomic`, to run within the transaction of `run_once`.

    Avoids a savepoint, which costs two round trips while others wait for the lock; a refusal
    rolls the whole transaction back anyway. Other decorators stay. Raises TypeError if the
    outermost one is not `transaction.atomic`.
    """
    # The closure of the wrapper that `atomic` makes holds the Atomic itself.
    if not (
        hasattr(use_case, "__wrapped__")
        and isinstance(inspect.getclosurevars(use_case).nonlocals.get("self"), transaction.Atomic)
    ):
        raise TypeError(f"{use_case} must have transaction.atomic as its outermost decorator.")
    return cast("Callable[P, R]", use_case.__wrapped__)


class _DoneBefore(Exception):
    """Raised if a concurrent request has already written the key."""


def _store_if_first(
    principal: str, key: UUID, request_hash: str, answer: Answer | None, now: datetime
) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            STORE_ANSWER,
            [principal, key, request_hash, json.dumps(answer), now],
        )
        return bool(cursor.rowcount == 1)
