"""A program's post has its effect once, however often it is sent with the same key."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.http import HttpRequest

from prepazka.web.models import Answered
from prepazka.web.refusals import KeyReused

Answer = dict[str, Any]
KEEP = timedelta(days=2)  # nobody repeats a request after that
TIDY_EVERY = 100  # requests, on average


def once(
    request: HttpRequest,
    *,
    principal: str,
    key: UUID | None,
    now: datetime,
    work: Callable[[], object],
    shown: Callable[[], Answer],
) -> Answer:
    """Do the work now, or find that it was done when the same key was first sent; then show it.

    The key's row is written in the transaction of the work: a twin that comes meanwhile waits for
    it, and a refusal takes the row back, because it had no effect. The answer is made and kept
    after the commit, so that nobody waits for it; were it lost, the present state is shown.
    Raises KeyReused.
    """
    if key is None:
        work()
        return shown()
    asked = hashlib.sha256(request.path.encode() + b"\0" + request.body).hexdigest()
    with transaction.atomic():
        first = _first(principal, key, asked, now)
        if first:
            work()
    row = Answered.objects.filter(principal=principal, key=key)
    if not first:
        known = row.get()
        if known.asked != asked:
            raise KeyReused
        return dict(known.answer) if known.answer is not None else shown()
    answer = shown()
    row.update(answer=answer)
    if secrets.randbelow(TIDY_EVERY) == 0:
        Answered.objects.filter(at__lt=now - KEEP).delete()
    return answer


def _first(principal: str, key: UUID, asked: str, now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO web_answered (principal, key, asked, at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (principal, key) DO NOTHING",
            [principal, key, asked, now],
        )
        return bool(cursor.rowcount == 1)
