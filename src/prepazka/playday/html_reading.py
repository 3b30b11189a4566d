"""Reading the screens' HTML, by the same marks that the pages' own scripts use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from html import unescape

_BUTTON = re.compile(r"<button\b[^>]*>")
_TAGS = re.compile(r"<[^>]+>")


@dataclass(frozen=True)
class Board:
    """The state of a clerk's console."""

    label: str  # of the client at the counter
    ticket: str  # the client's id in the buttons
    called: bool
    can_next: bool
    paused: bool
    refusal: str
    targets: tuple[str, ...]  # to which the client can be transferred


def board(html: str) -> Board:
    """The board of the console's page or fragment."""
    buttons = {_attribute(tag, "id"): tag for tag in _BUTTON.findall(html)}
    number = re.search(r'console-current__number">([^<]+)<', html)
    start, following = buttons.get("step-start", ""), buttons.get("step-next", "")
    ticket = re.search(r"\?t=(\d+)", buttons.get("step-finish", ""))
    message = re.search(r"<template data-said>(.*?)</template>", html, re.DOTALL)
    wrong = bool(message and 'data-color="error"' in message[1])
    open_targets = re.findall(r'name="to" value="([^"]+)"[^>]*><span>([^<]*)<', html)
    return Board(
        label=number[1].strip() if number else "",
        ticket=ticket[1] if ticket else "",
        called=bool(start) and " disabled" not in start,
        can_next=bool(following) and " disabled" not in following,
        paused="step-resume" in buttons,
        refusal=plain_text(message[1]) if message and wrong else "",
        targets=tuple(target for target, name in open_targets if not name.rstrip().endswith(")")),
    )


def counters(html: str) -> dict[str, tuple[bool, frozenset[str]]]:
    """The counters to choose from: whether each is free, and the names of its services."""
    counters_by_code = {}
    for tag, note in re.findall(
        r'(<button class="option"[^>]*>).*?option__note">(.*?)</span>', html, re.DOTALL
    ):
        services = frozenset(unescape(note).split(", "))
        counters_by_code[_attribute(tag, "value")] = (" disabled" not in tag, services)
    return counters_by_code


def touch_key(html: str) -> str:
    """The touch in a form; "" without one."""
    match = re.search(
        r'name="touch" value="([^"]+)"|<input[^>]*name="touch"[^>]*value="([^"]+)"', html
    )
    return (match[1] or match[2]) if match else ""


def ticket_label(html: str) -> str:
    """The label of the ticket on the kiosk's or the desk's screen; "" without one."""
    match = re.search(r"kiosk-ticket__number[^>]*>([^<]+)<|slip__number[^>]*>([^<]+)<", html)
    return (match[1] or match[2]).strip() if match else ""


def page_heading(html: str) -> str:
    """The heading of a screen."""
    match = re.search(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
    return plain_text(match[1]) if match else ""


def plain_text(html: str) -> str:
    """The text without tags, in single spaces."""
    return re.sub(r"\s+", " ", unescape(_TAGS.sub("", html))).strip()


def kiosks(html: str) -> dict[str, bool]:
    """The kiosks of the devices' page: whether a browser is already paired with each."""
    paired = {}
    for row in re.findall(r"<tr>.*?</tr>", html, re.DOTALL):
        code = re.search(r"/zarizeni/([-\w]+)/kod/", row)
        if code and re.search(r"<td[^>]*>\s*(kiosek|kiosk)\s*</td>", row):
            paired[code[1]] = "/odpojit/" in row
    return paired


def pairing_code(html: str) -> str:
    """The pairing code on the devices' page; "" without one."""
    match = re.search(r'panel__number">([^<]+)<', html)
    return match[1].strip() if match else ""


def shown_time(html: str) -> datetime:
    """The instant on the page of the demo's clock. Raise ValueError when the page has none."""
    match = re.search(r'<time id="shown" datetime="([^"]+)"', html)
    return datetime.fromisoformat(match[1] if match else "")


def is_unpaired(html: str) -> bool:
    """Whether the screen is that of a kiosk which asks to be paired."""
    return "/kiosk/parovani/" in html


def _attribute(tag: str, name: str) -> str:
    match = re.search(rf'\s{name}="([^"]*)"', tag)
    return unescape(match[1]) if match else ""
