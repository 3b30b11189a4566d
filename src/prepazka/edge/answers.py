"""What the edge can answer from memory, and how each answer is made from the database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from django.db import InterfaceError, OperationalError, close_old_connections, connection
from psycopg import pq
from psycopg.conninfo import make_conninfo

from prepazka.booking import terms
from prepazka.offices import clock
from prepazka.offices.directory import directory_by_slug
from prepazka.offices.models import Office
from prepazka.reporting.monitor import monitor

# The edge has no translations: it says by itself what Django would say of a lost database.
_AWAY = {
    b"cs": "Služba teď není dostupná, zkuste to prosím za chvíli znovu.",
    b"en": "The service is not available at the moment; please try again in a while.",
}
AWAY = {
    language: json.dumps(
        {"type": "about:blank", "status": 503, "title": title, "code": "unavailable"},
        ensure_ascii=False,
    ).encode()
    for language, title in _AWAY.items()
}


@dataclass(frozen=True)
class Route:
    """A hot address: how its answer is made, and which topics of the journal make it old."""

    key: str
    make: Callable[[], tuple[int, dict[str, Any]]]
    topics: frozenset[str]

    def build(self) -> tuple[int, bytes]:
        """The office and its answer, in a thread of the edge."""
        close_old_connections()  # as Django does at the start of a request
        return self.read()

    def read(self) -> tuple[int, bytes]:
        """The same within a request of Django. Raises LookupError."""
        office, answer = self.make()
        return office, json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


def conninfo() -> str:
    """The address of the database, for the connection that listens."""
    made = connection.get_connection_params()
    known = {one.keyword.decode() for one in pq.Conninfo.get_defaults()} - {"options"}
    return make_conninfo("", **{k: v for k, v in made.items() if k in known and v})


SLUG = "([-a-zA-Z0-9_]+)"
MONITOR = re.compile(f"/api/v1/offices/{SLUG}/monitor")
TERMS = re.compile(f"/api/v1/offices/{SLUG}/services/{SLUG}/terms")


def route(path: str, query: bytes) -> Route | None:
    """The hot answer at this address, if there is one."""
    if not path.startswith("/api/v1/offices/"):
        return None
    if found := MONITOR.fullmatch(path):
        slug = found[1]
        return Route(path, lambda: _monitor(slug), frozenset({"queue", "setup"}))
    if found := TERMS.fullmatch(path):
        slug, code = found[1], found[2]
        persons = _persons(query.decode("latin1"))
        # The key is made of what was understood, so that odd queries cannot fill the memory.
        return Route(
            f"{path}?{persons}", lambda: _terms(slug, code, persons), frozenset({"terms", "setup"})
        )
    return None


def office_id(slug: str) -> int | None:
    """The id of the office, or None."""
    close_old_connections()
    return Office.objects.filter(slug=slug).values_list("pk", flat=True).first()


def away(headers: list[tuple[bytes, bytes]]) -> bytes:
    """What is said while the database is away, in the first language that the asker names."""
    wanted = next((value for name, value in headers if name == b"accept-language"), b"")
    return AWAY.get(wanted[:2].lower(), AWAY[b"cs"])


def is_away(error: Exception) -> bool:
    """Whether the error means that the database cannot be reached now."""
    return isinstance(error, OperationalError | InterfaceError)


def _monitor(slug: str) -> tuple[int, dict[str, Any]]:
    try:
        office = directory_by_slug(slug)
    except Office.DoesNotExist:
        raise LookupError(slug) from None
    return office.office.pk, monitor(office, now=clock.now())


def _terms(slug: str, code: str, persons: int) -> tuple[int, dict[str, Any]]:
    try:
        office = directory_by_slug(slug)
    except Office.DoesNotExist:
        raise LookupError(slug) from None
    service = office.service_by_code(code)
    if service is None:
        raise LookupError(code)
    now = clock.now()
    found = terms.offered(office=office, service=service, now=now, persons=persons)
    return office.office.pk, {
        "service": code,
        "persons": persons,
        "made_at": now.isoformat(timespec="seconds"),
        "terms": [
            {
                "starts_at": term.starts_at.astimezone(office.tz).isoformat(),
                "ends_at": term.ends_at.astimezone(office.tz).isoformat(),
                "free": term.free,
            }
            for term in found
        ],
    }


def _persons(query: str) -> int:
    said = parse_qs(query).get("persons", ["1"])[0]
    # Not isdigit(), which is true of digits that int() cannot read.
    return max(1, min(int(said[:9]), 20)) if re.fullmatch(r"[0-9]+", said) else 1
