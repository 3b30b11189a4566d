"""What the edge can answer from memory, and how each answer is made from the database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qs

from django.db import InterfaceError, OperationalError, close_old_connections, connection
from psycopg import pq
from psycopg.conninfo import make_conninfo

from prepazka.booking import terms
from prepazka.core import reading
from prepazka.edge.snapshots import SOONEST
from prepazka.offices import clock
from prepazka.offices.directory import Directory, directory_by_slug
from prepazka.offices.models import Office
from prepazka.reporting import links, soonest
from prepazka.reporting.monitor import monitor
from prepazka.reporting.queues import queue_monitors

# The edge has no translations: it says by itself what Django would say of a lost database.
_AWAY = {
    b"cs": "Služba teď není dostupná, zkuste to prosím za chvíli znovu.",
    b"en": "The service is not available at the moment; please try again in a while.",
}
_BUSY = {
    b"cs": "Z Vaší sítě je otevřeno příliš mnoho živých stránek. Některé prosím zavřete.",
    b"en": "Too many live pages are open from your network. Please close some of them.",
}


def _problems(titles: dict[bytes, str], status: int, code: str) -> dict[bytes, bytes]:
    return {
        language: json.dumps(
            {"type": "about:blank", "status": status, "title": title, "code": code},
            ensure_ascii=False,
        ).encode()
        for language, title in titles.items()
    }


AWAY = _problems(_AWAY, 503, "unavailable")
BUSY = _problems(_BUSY, 429, "too_many_streams")

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Route:
    """A hot address: how its answer is made, and which topics of the journal make it old."""

    key: str
    make: Callable[[], tuple[int, Any]]
    topics: frozenset[str]
    soonest: ClassVar[float] = SOONEST
    headers: ClassVar[Headers] = [
        (b"content-type", b"application/json"),
        (b"access-control-allow-origin", b"*"),
        (b"cache-control", b"public, max-age=2"),
    ]

    def build(self) -> tuple[int, bytes]:
        """The office and its answer, in a thread of the edge."""
        close_old_connections()  # as Django does at the start of a request
        return self.read()

    def read(self) -> tuple[int, bytes]:
        """The same within a request of Django. Raises LookupError."""
        office, answer = self.make()
        return office, json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Fragment(Route):
    """The live part of a page as HTML. Pages ask once after each change, so never an older one."""

    soonest: ClassVar[float] = 0.0
    headers: ClassVar[Headers] = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
        (b"vary", b"X-Fragment"),
    ]

    def read(self) -> tuple[int, bytes]:
        """The office and the HTML. Raises LookupError."""
        office, html = self.make()
        return office, str(html).encode()


class Look(Protocol):
    """One look at an office, out of which the part of each person is made."""

    shown: dict[tuple[str, str], bytes]  # parts that were asked for, by code and language

    def show(self, code: str, language: str) -> bytes:
        """The part of one person as HTML. Raises LookupError."""


@dataclass(frozen=True)
class Own:
    """The live part of a page that belongs to one person, who alone knows its code."""

    name: str  # of the kind of page
    code: str
    language: str
    find: Callable[[str], int]  # the office, in which the code stays; raises LookupError
    look: Callable[[int], Look]
    topics: frozenset[str]
    headers: ClassVar[Headers] = [
        *(one for one in Fragment.headers if one[0] != b"cache-control"),
        (b"cache-control", b"max-age=0, no-cache, no-store, must-revalidate, private"),
    ]


def conninfo() -> str:
    """The address of the database, for the connection that listens."""
    made = connection.get_connection_params()
    known = {one.keyword.decode() for one in pq.Conninfo.get_defaults()} - {"options"}
    return make_conninfo("", **{k: v for k, v in made.items() if k in known and v})


SLUG = "([-a-zA-Z0-9_]+)"
MONITOR = re.compile(f"/api/v1/offices/{SLUG}/(monitor|queues)")
TERMS = re.compile(f"/api/v1/offices/{SLUG}/services/{SLUG}/terms")
NEXT = re.compile(f"/api/v1/offices/{SLUG}/next")
CODE = re.compile("[-a-zA-Z0-9_]{1,60}")
TERMS_CHANGE = frozenset({"terms", "setup"})


def route(path: str, query: bytes) -> Route | None:
    """The hot answer at this address, if there is one."""
    if not path.startswith("/api/v1/offices/"):
        return None
    if found := MONITOR.fullmatch(path):
        slug, make = found[1], {"monitor": monitor, "queues": queue_monitors}[found[2]]
        return Route(path, lambda: _live(slug, make), frozenset({"queue", "setup"}))
    said = parse_qs(query.decode("latin1"))
    # Keys are made of what was understood, so that odd queries cannot fill the memory.
    if found := TERMS.fullmatch(path):
        slug, code, persons = found[1], found[2], _number(said, "persons", 1, 20)
        official, mode = _code(said, "official"), _code(said, "mode")
        return Route(
            f"{path}?{persons}&{official}&{mode}",
            lambda: _terms(slug, code, persons, official, mode),
            TERMS_CHANGE,
        )
    if found := NEXT.fullmatch(path):
        slug, most = found[1], _number(said, "most", 5, soonest.MOST)
        parts = {name: _code(said, name) for name in ("service", "official", "department")}
        key = f"{path}?{most}&{'&'.join(parts.values())}"
        return Route(key, lambda: _next(slug, parts, most), TERMS_CHANGE)
    return None


def office_id(slug: str) -> int | None:
    """The id of the office, or None."""
    close_old_connections()
    return Office.objects.filter(slug=slug).values_list("pk", flat=True).first()


def away(headers: list[tuple[bytes, bytes]]) -> bytes:
    """What is said while the database is away, in the first language that the asker names."""
    return _in_language(AWAY, headers)


def busy(headers: list[tuple[bytes, bytes]]) -> bytes:
    """What is said where an address holds too many streams open."""
    return _in_language(BUSY, headers)


def _in_language(problems: dict[bytes, bytes], headers: list[tuple[bytes, bytes]]) -> bytes:
    wanted = next((value for name, value in headers if name == b"accept-language"), b"")
    return problems.get(wanted[:2].lower(), problems[b"cs"])


def is_away(error: Exception) -> bool:
    """Whether the error means that the database cannot be reached now."""
    return isinstance(error, OperationalError | InterfaceError)


def _office(slug: str) -> Directory:
    try:
        return directory_by_slug(slug)
    except Office.DoesNotExist:
        raise LookupError(slug) from None


def _live(slug: str, make: Callable[..., Any]) -> tuple[int, Any]:
    office = _office(slug)
    return office.office.pk, make(office, now=clock.now())


def _terms(slug: str, code: str, persons: int, by: str, mode: str) -> tuple[int, dict[str, Any]]:
    office = _office(slug)
    service, official = office.service_by_code(code), office.official_by_code(by) if by else None
    if (
        service is None
        or mode not in {"", *service.modes}
        or (by and official not in office.officials_for(service.pk))
    ):
        raise LookupError(code)
    now = clock.now()
    found = terms.offered(
        office=office,
        service=service,
        now=now,
        persons=persons,
        official=official,
        mode=mode or None,
    )
    return office.office.pk, {
        "service": code,
        "official": by or None,
        "persons": persons,
        "mode": mode or service.usual_mode,
        "made_at": now.isoformat(timespec="seconds"),
        "terms": [_term(office, term) | {"free": term.free} for term in found],
    }


def _next(slug: str, parts: dict[str, str], most: int) -> tuple[int, dict[str, Any]]:
    office = _office(slug)
    what, now = soonest.wanted(office, **parts), clock.now()
    if what.retired:
        raise LookupError(slug)
    found = soonest.next_terms(office, what, now=now, limit=most)
    return office.office.pk, {
        "made_at": now.isoformat(timespec="seconds"),
        "path": links.choose(slug, what),
        "terms": [
            _term(office, one.term)
            | {
                "service": one.service.code,
                "service_name": one.service.name,
                "official": what.official.code if what.official else None,
                "path": links.day(slug, one.service, one.term.day, what.official),
            }
            for one in found
        ],
    }


def _term(office: Directory, term: terms.Term) -> dict[str, Any]:
    return {
        "starts_at": term.starts_at.astimezone(office.tz).isoformat(),
        "ends_at": term.ends_at.astimezone(office.tz).isoformat(),
    }


def _number(said: dict[str, list[str]], name: str, usual: int, most: int) -> int:
    count = reading.whole(said.get(name, [""])[0])
    return usual if count is None else max(1, min(count, most))


def _code(said: dict[str, list[str]], name: str) -> str:
    """The code as it was said; one that cannot be any is kept short, and will not be found."""
    found = said.get(name, [""])[0]
    return found if not found or CODE.fullmatch(found) else "?"
