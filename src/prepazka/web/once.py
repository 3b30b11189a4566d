"""A program's post has its effect once, however often it is sent with the same key."""

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
from prepazka.web.models import Answered
from prepazka.web.refusals import KeyReused

P = ParamSpec("P")
R = TypeVar("R")
Answer = dict[str, Any]
KEEP = timedelta(days=2)  # nobody repeats a request after that
TIDY_EVERY = 100  # requests, on average


def once(
    request: HttpRequest,
    *,
    principal: str,
    key: UUID | None,
    now: datetime,
    work: Callable[[], R],
    shown: Callable[[R | None], Answer],
) -> Answer:
    """Do the work now, or find that it was done when the same key was first sent; then show it.

    The key is written last, with the answer, in the transaction of the work. A twin that comes
    meanwhile waits there and does nothing: its work is undone, and it says what the first said.
    A refusal leaves no key behind, because it had no effect. `shown` is given what the work gave.
    Raises KeyReused.
    """
    if key is None:
        with transaction.atomic():
            return shown(work())
    asked = hashlib.sha256(request.path.encode() + b"\0" + request.body).hexdigest()
    try:
        with transaction.atomic():
            answer = shown(work())
            if not _is_first(principal, key, asked, answer, now):
                raise _DoneBefore
    except (_DoneBefore, Refused):
        known = Answered.objects.filter(principal=principal, key=key).first()
        if known is None:
            raise
        if known.asked != asked:
            raise KeyReused from None
        return dict(known.answer) if known.answer is not None else shown(None)
    if secrets.randbelow(TIDY_EVERY) == 0:
        Answered.objects.filter(at__lt=now - KEEP).delete()
    return answer


def part(use_case: Callable[P, R]) -> Callable[P, R]:
    """The use-case within the transaction of `once`, which a refusal undoes as a whole anyway.

    It saves the savepoint, which is two round trips while others wait for the lock.
    """
    return cast("Callable[P, R]", inspect.unwrap(use_case))


class _DoneBefore(Exception):
    """The key was written by a twin."""


def _is_first(principal: str, key: UUID, asked: str, answer: Answer, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO web_answered (principal, key, asked, answer, at)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (principal, key) DO NOTHING",
            [principal, key, asked, json.dumps(answer), now],
        )
        return bool(cursor.rowcount == 1)
