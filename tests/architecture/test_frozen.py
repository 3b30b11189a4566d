"""Stored and published names, compared with the list that `frozen.txt` freezes.

The database, signed links, programs that use the API, an office's own file and its operator's
environment all hold these names, and the release before runs on the same database. So a renaming
in the code must not reach them. To change one on purpose, say in an ADR or in CHANGELOG how the old
name goes on being understood, and write the list anew; a new name is added in the same way:

    PREPAZKA_FREEZE=1 pytest tests/architecture/test_frozen.py
"""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from itertools import chain
from pathlib import Path
from typing import Any, get_args

import pytest
from django.apps import apps
from django.db.models import CharField
from django.urls import URLPattern, URLResolver, get_resolver
from procrastinate.contrib.django import app as job_app

import prepazka
import prepazka.jobs.tasks
from prepazka.booking import booking_links
from prepazka.core.discipline import __file__ as discipline
from prepazka.core.events import REGISTRY
from prepazka.core.refusal import Refused
from prepazka.meetings import signals
from prepazka.messaging import channels, kinds, mail, message_delivery, message_types, receipts
from prepazka.officefile.check import check
from prepazka.officefile.nodes import Section, WrongFile
from prepazka.queueing import offline_logs
from prepazka.web import reasons

SOURCE = Path(prepazka.__file__).parent
FROZEN = Path(__file__).with_name("frozen.txt")
FIRST_LINE = (
    "Names that must not change; test_frozen.py says why, and how this list is written anew."
)
SETTING = re.compile(r"(?:PREPAZKA|SMTP|SMS|S3|DATABASE|VAPID|WEB)_[A-Z0-9_]+")

# What the presets do not have: a file with it has every section that is read.
RICH = """
office: {code: x, name: X}
hours: {mon: "8:00-17:00"}
video: {rooms: embedded}
policy: {}
messages:
  sms: yes
  texts: {cancelled: {subject: {cs: X}, text: {cs: X}, sms: {cs: X}}}
systems: {s: {name: S}}
departments: {d: {name: D}}
agendas:
  a: {name: A, letter: A, booking: {kind: slot}, services: {s: {name: S, duration: 10 min}}}
officials:
  o:
    name: O
    topics: all
    hours: {mon: "8:00-12:00"}
    exceptions: [{closed: 2026-01-01}]
counters: {c: {number: 1, serves: all}}
kiosks: {k: {}}
displays: {d: {arrows: {}}}
"""


def models() -> list[type[Any]]:
    ours = [m for m in apps.get_models(include_auto_created=True) if _is_ours(m)]
    return sorted(ours, key=lambda model: str(model._meta.db_table))


def _is_ours(owner: type[Any]) -> bool:
    return owner.__module__.split(".")[0] == "prepazka"


def columns() -> Iterator[str]:
    for model in models():
        for column in model._meta.local_concrete_fields:
            yield f"{model._meta.db_table}.{column.column}"


def choices() -> Iterator[str]:
    """Values of states and kinds: a field's choices, by table and column."""
    for model in models():
        for column in model._meta.local_concrete_fields:
            if isinstance(column, CharField) and column.choices:
                values = sorted(str(value) for value, _ in column.flatchoices)
                yield f"{model._meta.db_table}.{column.column}: {' '.join(values)}"


def events() -> Iterator[str]:
    """Kinds in the journal with the keys of their payload."""
    for kind, event in REGISTRY.items():
        yield f"{kind}: {' '.join(sorted(field.name for field in fields(event)))}"


def message_kinds() -> Iterable[str]:
    return {code for code, kind in kinds.KINDS.items() if not kind.is_retired}


def message_errors() -> Iterator[str]:
    """Why a message was not sent: English msgids, stored as they are and translated when shown."""
    yield from (mail.PDF_MISSING, message_delivery.NO_GATEWAY, message_delivery.NO_LONGER_NEEDED)
    yield from (
        receipts.UNDELIVERED,
        message_types.ADDRESS_REFUSED,
        message_types.QUIET_HOURS,
        message_types.HOUR_FULL,
    )
    for adapter in channels.ADAPTERS.values():
        yield adapter.no_address
        if adapter.monthly_limit:
            yield adapter.monthly_limit.exceeded


def offline_kinds() -> Iterator[str]:
    yield from (f"console: {kind}" for kind in offline_logs.KINDS)
    yield from (f"room: {kind}" for kind in signals.KINDS)


def refusals() -> Iterable[str]:
    """Codes of refusals, as the API answers them."""
    for module in pkgutil.walk_packages([str(SOURCE)], "prepazka."):
        if module.name.split(".")[1] != "config" and ".migrations" not in module.name:
            importlib.import_module(module.name)
    return {kind.__new__(kind).code for kind in _subclasses(Refused) if _is_ours(kind)}


def _subclasses(kind: type[Refused]) -> Iterator[type[Refused]]:
    for below in kind.__subclasses__():
        yield below
        yield from _subclasses(below)


def turn_reasons() -> Iterable[str]:
    """Codes of why it is a ticket's turn, which the journal and the API keep."""
    source = ast.parse(Path(discipline).read_text(encoding="utf-8"))
    texts = {n.value for n in ast.walk(source) if isinstance(n, ast.Constant)}
    codes = reasons.SENTENCES.keys()
    assert texts >= codes - {"offline", "by_hand"}  # these two are no matter of the discipline
    return codes


def addresses() -> Iterator[str]:
    """`name pattern` of each page and each part of the API; languages and third parties left out."""
    yield from _patterns(get_resolver(), "", "")


def _patterns(resolver: URLResolver, before: str, space: str) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name} {route}"
        elif isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _patterns(pattern, route, inner)


def constants(name: str) -> Iterator[str]:
    """The texts that modules assign to this name, or pass as an argument of this name."""
    for tree in _trees(SOURCE):
        for node in ast.walk(tree):
            pairs: list[tuple[ast.expr, ast.expr]] = []
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                        pairs += zip(target.elts, node.value.elts, strict=True)
                    else:
                        pairs.append((target, node.value))
            elif isinstance(node, ast.Call):
                pairs += [(ast.Name((k.arg or "").upper()), k.value) for k in node.keywords]
            for target, text in pairs:
                named = isinstance(target, ast.Name) and target.id == name
                if named and isinstance(text, ast.Constant) and isinstance(text.value, str):
                    yield text.value


def _trees(folder: Path) -> Iterator[ast.Module]:
    for file in sorted(folder.rglob("*.py")):
        yield ast.parse(file.read_text(encoding="utf-8"))


def salts() -> Iterator[str]:
    yield from constants("SALT")
    yield from (f"booking:{purpose}" for purpose in get_args(booking_links.Purpose))


def settings() -> Iterator[str]:
    """Variables of the environment, each written out where it is read."""
    for tree in _trees(SOURCE / "config"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and SETTING.fullmatch(str(node.value)):
                yield str(node.value)


def office_file_keys() -> Iterable[str]:
    """Keys that the reader of an office's file asks for, in the presets and in a rich file."""
    keys: set[str] = set()
    has = Section.has

    def noting(self: Section, key: str) -> bool:
        if not self.path.endswith(".arrows"):  # whose keys are codes of counters
            keys.add(key)
        return has(self, key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Section, "has", noting)
        for preset in sorted((SOURCE / "presets").glob("*.yaml")):
            check(preset.read_text(encoding="utf-8"), preset.parent)
        try:
            check(RICH)
        except WrongFile as error:
            raise AssertionError(str(error)) from error
    return keys


LISTS: dict[str, Callable[[], Iterable[str]]] = {
    "columns": columns,
    "choices": choices,
    "event kinds": events,
    "message kinds": message_kinds,
    "errors of messages": message_errors,
    "off-line kinds": offline_kinds,
    "refusals": refusals,
    "reasons of turns": turn_reasons,
    "jobs": lambda: job_app.tasks,
    "addresses": addresses,
    "salts": salts,
    "cookies": lambda: constants("COOKIE"),
    "settings": settings,
    "office file": office_file_keys,
}


def now_frozen() -> dict[str, list[str]]:
    """The list of `frozen.txt` by its headings."""
    text = FROZEN.read_text(encoding="utf-8")
    sections = (section.strip().splitlines() for section in text.split("\n# ")[1:])
    return {heading: entries for heading, *entries in sections}


def test_write_the_list_when_asked() -> None:
    if os.environ.get("PREPAZKA_FREEZE"):
        sections = (
            "\n".join([f"\n# {heading}", *sorted(set(entries()))])
            for heading, entries in LISTS.items()
        )
        FROZEN.write_text("\n".join(chain([FIRST_LINE], sections)) + "\n")
    assert now_frozen().keys() == LISTS.keys()


@pytest.mark.parametrize("heading", LISTS)
def test_what_is_stored_or_published_keeps_its_name(heading: str) -> None:
    before, after = set(now_frozen()[heading]), set(LISTS[heading]())
    assert after
    assert sorted(before - after) == [], "no longer there; see this file's first lines"
    assert sorted(after - before) == [], "new; see this file's first lines"
