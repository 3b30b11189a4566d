"""What the driver reads from the screens, by the same marks that the scripts of the pages use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from html import unescape

_BUTTON = re.compile(r"<button\b[^>]*>")
_TAGS = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class Board:
    """A clerk's console."""

    label: str  # of the client at the counter
    ticket: str  # as the buttons name the client
    called: bool
    can_next: bool
    paused: bool
    refusal: str
    targets: tuple[str, ...]  # where the client could be sent on


def board(html: str) -> Board:
    """Read the console or its fragment."""
    buttons = {_of(tag, "id"): tag for tag in _BUTTON.findall(html)}
    number = re.search(r'console-current__number">([^<]+)<', html)
    start, following = buttons.get("step-start", ""), buttons.get("step-next", "")
    ticket = re.search(r"\?t=(\d+)", buttons.get("step-finish", ""))
    said = re.search(r"<template data-said>(.*?)</template>", html, re.DOTALL)
    wrong = bool(said and 'data-color="error"' in said[1])
    open_targets = re.findall(r'name="to" value="([^"]+)"[^>]*><span>([^<]*)<', html)
    return Board(
        label=number[1].strip() if number else "",
        ticket=ticket[1] if ticket else "",
        called=bool(start) and " disabled" not in start,
        can_next=bool(following) and " disabled" not in following,
        paused="step-resume" in buttons,
        refusal=text(said[1]) if said and wrong else "",
        targets=tuple(value for value, name in open_targets if not name.rstrip().endswith(")")),
    )


def counters(html: str) -> dict[str, tuple[bool, frozenset[str]]]:
    """The counters to choose from: whether each is free, and the names of its services."""
    found = {}
    for tag, note in re.findall(
        r'(<button class="term"[^>]*>).*?term__note">(.*?)</span>', html, re.DOTALL
    ):
        services = frozenset(unescape(note).split(", "))
        found[_of(tag, "value")] = (" disabled" not in tag, services)
    return found


def touch(html: str) -> str:
    """The touch that a form carries."""
    found = re.search(
        r'name="touch" value="([^"]+)"|<input[^>]*name="touch"[^>]*value="([^"]+)"', html
    )
    return (found[1] or found[2]) if found else ""


def number(html: str) -> str:
    """The large number of the kiosk's or the desk's ticket."""
    found = re.search(r"kiosk-ticket__number[^>]*>([^<]+)<|slip__number[^>]*>([^<]+)<", html)
    return (found[1] or found[2]).strip() if found else ""


def heading(html: str) -> str:
    """The sentence with which a screen answers."""
    found = re.search(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
    return text(found[1]) if found else ""


def text(html: str) -> str:
    """The words alone."""
    return re.sub(r"\s+", " ", unescape(_TAGS.sub("", html))).strip()


def kiosks(html: str) -> dict[str, bool]:
    """The kiosks of the devices' page: whether a browser is already paired with each."""
    found = {}
    for row in re.findall(r"<tr>.*?</tr>", html, re.DOTALL):
        code = re.search(r"/zarizeni/([-\w]+)/kod/", row)
        if code and re.search(r"<td[^>]*>\s*(kiosek|kiosk)\s*</td>", row):
            found[code[1]] = "/odpojit/" in row
    return found


def pairing_code(html: str) -> str:
    """The code that the devices' page has just made."""
    found = re.search(r'panel__number">([^<]+)<', html)
    return found[1].strip() if found else ""


def shown_time(html: str) -> datetime:
    """The instant on the page of the demo's clock. Raise ValueError when the page has none."""
    shown = re.search(r'<time id="shown" datetime="([^"]+)"', html)
    return datetime.fromisoformat(shown[1] if shown else "")


def is_unpaired(html: str) -> bool:
    """Whether the screen is that of a kiosk which asks to be paired."""
    return "/kiosk/parovani/" in html


def _of(tag: str, name: str) -> str:
    found = re.search(rf'\s{name}="([^"]*)"', tag)
    return unescape(found[1]) if found else ""
