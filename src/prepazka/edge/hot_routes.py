"""The hot routes of the edge, and how each answer is made from the database."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qs

from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.utils import translation
from django.utils.translation import gettext as _
from psycopg import pq
from psycopg.conninfo import make_conninfo

from prepazka.booking import slot_search
from prepazka.core import reading
from prepazka.core.locales import locale_of, main_language
from prepazka.core.slots import MOST_PERSONS, Slot
from prepazka.edge.answer_cache import SOONEST
from prepazka.offices import clock
from prepazka.offices.languages import (
    ENGLISH,
    installed_languages,
    installed_or_main,
    nearest_language,
    offered_languages,
    path_prefix,
)
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.reporting import soonest
from prepazka.reporting.monitor import monitor_of_office
from prepazka.reporting.queues import queue_monitors

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Route:
    """A hot address: how its answer is made, and which topics of the journal invalidate it."""

    key: str
    make: Callable[[], tuple[int, Any]]
    topics: frozenset[str]
    deprecation: tuple[tuple[bytes, bytes], ...] = ()  # headers of a deprecated address
    soonest: ClassVar[float] = SOONEST
    headers: ClassVar[Headers] = [
        (b"content-type", b"application/json"),
        (b"access-control-allow-origin", b"*"),
        (b"cache-control", b"public, max-age=2"),
    ]

    def build(self) -> tuple[int, bytes]:
        """The office's id and the answer, in a thread of the edge."""
        close_old_connections()  # as Django does at the start of a request
        return self.read()

    def read(self) -> tuple[int, bytes]:
        """The office's id and the answer, within a request of Django. Raises LookupError."""
        office, answer = self.make()
        return office, json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Fragment(Route):
    """The live part of a page as HTML. Pages ask once after each change, so it is never older."""

    soonest: ClassVar[float] = 0.0
    headers: ClassVar[Headers] = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
        (b"vary", b"X-Fragment"),
    ]

    def read(self) -> tuple[int, bytes]:
        """The office's id and the HTML. Raises LookupError."""
        office, html = self.make()
        return office, str(html).encode()


class Look(Protocol):
    """A read of an office's state, from which each person's part is rendered."""

    shown: dict[tuple[str, str], bytes]  # rendered parts, by code and language

    def show(self, code: str, language: str) -> bytes:
        """One person's part as HTML. Raises LookupError."""


@dataclass(frozen=True)
class Own:
    """The live part of a personal page, whose code only its owner knows."""

    name: str  # of the kind of page
    code: str
    language: str
    find: Callable[[str], int]  # the id of the code's office, for ever; raises LookupError
    look: Callable[[int], Look]
    topics: frozenset[str]
    headers: ClassVar[Headers] = [
        *(header for header in Fragment.headers if header[0] != b"cache-control"),
        (b"cache-control", b"max-age=0, no-cache, no-store, must-revalidate, private"),
    ]


def conninfo() -> str:
    """The connection string of the database, for connections outside Django."""
    connection_params = connection.get_connection_params()
    keywords = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - {"options"}
    return make_conninfo("", **{k: v for k, v in connection_params.items() if k in keywords and v})


SLUG = "([-a-zA-Z0-9_]+)"
MONITOR = re.compile(f"/api/v1/offices/{SLUG}/(monitor|queues)")
SLOTS = re.compile(f"/api/v1/offices/{SLUG}/services/{SLUG}/(slots|terms)")
NEXT_SLOTS = re.compile(f"/api/v1/offices/{SLUG}/(slots|next)")
CODE = re.compile("[-a-zA-Z0-9_]{1,60}")
SLOTS_CHANGE = frozenset({"terms", "setup"})
DEPRECATED_SINCE = "@1795996800"  # 30 November 2026, as RFC 9745 writes it


def hot_route(path: str, query: bytes) -> Route | None:
    """The hot route of this address, or None."""
    if not path.startswith("/api/v1/offices/"):
        return None
    if match := MONITOR.fullmatch(path):
        slug, make = match[1], {"monitor": monitor_of_office, "queues": queue_monitors}[match[2]]
        return Route(path, lambda: _live(slug, make), frozenset({"queue", "setup"}))
    params = parse_qs(query.decode("latin1"))
    # Keys are made of parsed parameters, so that odd queries cannot fill the memory.
    if match := SLOTS.fullmatch(path):
        (slug, code, field), persons = match.groups(), _number(params, "persons", 1, MOST_PERSONS)
        official, mode = _code(params, "official"), _code(params, "mode")
        return Route(
            f"{path}?{persons}&{official}&{mode}",
            lambda: _slots(slug, code, persons, official, mode, field=field),
            SLOTS_CHANGE,
            _deprecation(field, f"/api/v1/offices/{slug}/services/{code}/slots"),
        )
    if match := NEXT_SLOTS.fullmatch(path):
        slug, limit = match[1], _number(params, "most", 5, soonest.MOST)
        field = "slots" if match[2] == "slots" else "terms"
        wish_codes = {name: _code(params, name) for name in ("service", "official", "department")}
        language = _wanted_language(params) if field == "slots" else ""
        key = f"{path}?{limit}&{'&'.join(wish_codes.values())}&{language}"
        return Route(
            key,
            lambda: _next_slots(slug, wish_codes, limit, field=field, language=language),
            SLOTS_CHANGE,
            _deprecation(field, f"/api/v1/offices/{slug}/slots"),
        )
    return None


def _deprecation(field: str, successor: str) -> tuple[tuple[bytes, bytes], ...]:
    """The headers of an address whose answer says `terms`; none of one that says `slots`."""
    if field == "slots":
        return ()
    return (
        (b"deprecation", DEPRECATED_SINCE.encode()),
        (b"link", f'<{successor}>; rel="successor-version"'.encode()),
    )


def office_id(slug: str) -> int | None:
    """The id of the office, or None."""
    close_old_connections()
    return Office.objects.filter(slug=slug).values_list("pk", flat=True).first()


def unavailable_body(headers: list[tuple[bytes, bytes]]) -> bytes:
    """The body of a 503 while the database is away, in the request's first language."""
    with _language_of(headers):
        title = _("The service is not available at the moment; please try again in a while.")
    return _problem(503, "unavailable", title)


def too_many_streams_body(headers: list[tuple[bytes, bytes]]) -> bytes:
    """The body of a 429 for too many open streams, in the request's first language."""
    with _language_of(headers):
        title = _("Too many live pages are open from your network. Please close some of them.")
    return _problem(429, "too_many_streams", title)


def _language_of(headers: list[tuple[bytes, bytes]]) -> translation.override:
    accepted = next(
        (accepted_languages for name, accepted_languages in headers if name == b"accept-language"),
        b"",
    )
    return translation.override(installed_or_main(accepted[:2].decode("latin1").lower()))


def _problem(status: int, code: str, title: str) -> bytes:
    problem = {"type": "about:blank", "status": status, "title": title, "code": code}
    return json.dumps(problem, ensure_ascii=False).encode()


def is_away(error: Exception) -> bool:
    """Whether the error means that the database cannot be reached now."""
    return isinstance(error, OperationalError | InterfaceError)


def _office(slug: str) -> OfficeSnapshot:
    try:
        return snapshot_by_slug(slug)
    except Office.DoesNotExist:
        raise LookupError(slug) from None


def _live(slug: str, make: Callable[..., Any]) -> tuple[int, Any]:
    office = _office(slug)
    return office.office_id, make(office, now=clock.now())


def _slots(
    slug: str, code: str, persons: int, by: str, mode: str, *, field: str
) -> tuple[int, dict[str, Any]]:
    """The office's id and the free slots of the service, which `field` of the answer holds."""
    office = _office(slug)
    service, official = office.service_by_code(code), office.official_by_code(by) if by else None
    if (
        service is None
        or mode not in {"", *service.modes}
        or (by and official not in office.officials_for(service.pk))
    ):
        raise LookupError(code)
    now = clock.now()
    free_slots = slot_search.search_slots(
        office=office,
        service=service,
        now=now,
        persons=persons,
        official=official,
        mode=mode or None,
    )
    return office.office_id, {
        "service": code,
        "official": by or None,
        "persons": persons,
        "mode": mode or service.usual_mode,
        "made_at": now.isoformat(timespec="seconds"),
        field: [_times(office, slot) | {"free": slot.free} for slot in free_slots],
    }


def _next_slots(
    slug: str, wish_codes: dict[str, str], limit: int, *, field: str, language: str
) -> tuple[int, dict[str, Any]]:
    """The office's id and the next free slots, which `field` of the answer holds.

    With a `language`, the answer has what a page in it shows around them.
    """
    office = _office(slug)
    wish, now = soonest.wanted_by_codes(office, **wish_codes), clock.now()
    if wish.retired:
        raise LookupError(slug)
    next_slots = soonest.next_slots(office, wish, now=now, limit=limit)
    return office.office_id, {
        "made_at": now.isoformat(timespec="seconds"),
        "path": soonest.choice_address(slug, wish),
        field: [
            _times(office, next_slot.slot)
            | {
                "service": next_slot.service.code,
                "service_name": next_slot.service.name,
                "official": wish.official.code if wish.official else None,
                "path": soonest.day_address(
                    slug, next_slot.service, next_slot.slot.day, wish.official
                ),
            }
            for next_slot in next_slots
        ],
    } | ({"page": _page_words(office, language)} if language else {})


def _page_words(office: OfficeSnapshot, language: str) -> dict[str, str]:
    """The words of the element for other sites, in the language or the nearest that is offered."""
    nearest = nearest_language(language, offered_languages(office.row.languages))
    with translation.override(nearest):
        return {
            "language": nearest,
            "locale": locale_of(nearest).replace("_", "-"),
            "prefix": path_prefix(nearest),
            "free": _("Next free times"),
            "none": _("There are no free times at the moment"),
            "all": _("More times and booking"),
        }


def _times(office: OfficeSnapshot, slot: Slot) -> dict[str, Any]:
    return {
        "starts_at": slot.starts_at.astimezone(office.tz).isoformat(),
        "ends_at": slot.ends_at.astimezone(office.tz).isoformat(),
    }


def _number(params: dict[str, list[str]], name: str, usual: int, highest: int) -> int:
    count = reading.read_whole_number(params.get(name, [""])[0])
    return usual if count is None else max(1, min(count, highest))


def _wanted_language(params: dict[str, list[str]]) -> str:
    """The installed language in the query, English for any other; empty if there is none."""
    language = main_language(params.get("language", [""])[0].lower())
    return language if not language or language in installed_languages() else ENGLISH


def _code(params: dict[str, list[str]], name: str) -> str:
    """The code in the query; "?", which is no code, in place of an invalid one."""
    code = params.get(name, [""])[0]
    return code if not code or CODE.fullmatch(code) else "?"
