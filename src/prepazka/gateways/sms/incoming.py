"""What the gateways on the web tell us in their callbacks: receipts, and messages that came."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import unescape

from prepazka.core import reading
from prepazka.messaging.port import Incoming, Receipt

Item = Mapping[str, Any]
LARGEST_NUMBER = 10**30  # a gateway may count its messages with long numbers
MOST = 200  # of one callback; a gateway that has more sends the rest in the next one


class NotUnderstood(Exception):
    """The callback is not what its gateway documents."""


def read(gateway: str, *, query: str, body: bytes) -> list[Receipt | Incoming]:
    """Everything a callback says. Raises NotUnderstood."""
    found = [READERS[gateway](one) for one in _items(query, body)]
    return [one for one in found if one is not None]


def _items(query: str, body: bytes) -> list[Item]:
    """The things told: of a JSON list or object, of XML items, or of a form, sent either way."""
    text = body.decode("utf-8", "replace").strip()
    if text[:1] in {"[", "{"}:
        try:
            told = reading.json_value(text, largest=LARGEST_NUMBER)
        except reading.NotReadable as error:
            raise NotUnderstood from error
        items = told if isinstance(told, list) else [told]
    elif text.startswith("<"):
        items = [_xml(one) for one in re.findall(r"<item>(.*?)</item>", text, re.DOTALL)]
    else:
        items = [dict(parse_qsl(query) + parse_qsl(text))]
    items = [one for one in items[:MOST] if isinstance(one, dict) and one]
    if not items or any(
        reading.UNREADABLE.search(str(each)) for one in items for each in one.values()
    ):
        raise NotUnderstood
    return items


def _xml(item: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r"<(\w+)>([^<]*)</\1>", item)}


def _bulkgate(item: Item) -> Receipt | Incoming | None:
    """Status 1 is delivered, 3 is not, 10 is a message that came; 2 waits for the telephone."""
    status = _said(item, "status")
    if status == "10":
        return _incoming(item, number="from", text=("message", "text"), name="smsID")
    return _receipt(item, status, yes={"1"}, no={"3"}, names=("smsID",))


def _smsmanager(item: Item) -> Receipt | Incoming | None:
    """Messages of JSON API 2 by the word in `result`, those of the HTTP API by a number."""
    if _said(item, "type") == "incoming":
        inner = item.get("payload")
        whom = item.get("from")
        return _incoming(
            {
                "from": _said(whom, "phone_number") if isinstance(whom, dict) else whom,
                "text": _deep_text(inner),
                "id": _said(item, "message_id"),
            },
            number="from",
            text=("text",),
            name="id",
        )
    status = _said(item, "result") or _said(item, "status")
    return _receipt(
        item,
        status,
        yes={"delivered", "2"},
        no={"undelivered", "rejected", "failed", "3", "6", "7", "8"},
        names=("request_id", "message_id", "requestid", "id"),
    )


def _deep_text(payload: object) -> str:
    """The text, which stands one or two levels deep, by the channel."""
    if isinstance(payload, dict):
        found = payload.get("text") or payload.get("sms") or payload.get("body") or ""
        return _deep_text(found)
    return payload if isinstance(payload, str) else ""


def _smsbrana(item: Item) -> Receipt | Incoming | None:
    """A number with a text is a message that came; with an id and a state it is a receipt."""
    if _said(item, "message") or _said(item, "text"):
        return _incoming(item, number="number", text=("message", "text"), name="sms_id")
    return _words(item, ("sms_id", "idsms", "id"))


def _gosms(item: Item) -> Receipt | Incoming | None:
    if _said(item, "from") and (_said(item, "message") or _said(item, "text")):
        return _incoming(item, number="from", text=("message", "text"), name="id")
    found = _words(item, ("messageId", "message_id", "id", "link"))
    if isinstance(found, Receipt):
        return Receipt(found.id.rstrip("/").rsplit("/", 1)[-1], found.delivered, found.why)
    return found


def _words(item: Item, names: tuple[str, ...]) -> Receipt | None:
    status = (_said(item, "status") or _said(item, "state")).lower()
    return _receipt(
        item,
        status,
        yes={"delivered", "1", "dorucena"},
        no={"undelivered", "failed", "rejected", "expired", "error", "2", "nedorucena"},
        names=names,
    )


def _receipt(
    item: Item, status: str, *, yes: set[str], no: set[str], names: tuple[str, ...]
) -> Receipt | None:
    """The last word about a message; what is still under way is nothing."""
    name = next((_said(item, one) for one in names if _said(item, one)), "")
    if not name or status not in yes | no:
        return None
    return Receipt(name[:80], status in yes, status[:40])


def _incoming(item: Item, *, number: str, text: tuple[str, ...], name: str) -> Incoming | None:
    who = _said(item, number)
    said = next((_said(item, one) for one in text if _said(item, one)), "")
    if not who:
        return None
    return Incoming(
        who if who.startswith(("+", "0")) or len(who) <= LOCAL else f"+{who}",
        said[:1000],
        _said(item, name)[:80],
    )


LOCAL = 9  # digits of a Czech number without the country


def _said(item: Any, name: str) -> str:
    value = item.get(name) if isinstance(item, dict) else None
    return str(value).strip() if isinstance(value, (str, int)) else ""


READERS: Mapping[str, Callable[[Item], Receipt | Incoming | None]] = {
    "bulkgate": _bulkgate,
    "smsmanager": _smsmanager,
    "smsbrana": _smsbrana,
    "gosms": _gosms,
}
