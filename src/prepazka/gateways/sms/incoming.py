"""Reading of web gateways' callbacks: receipts and received messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import unescape

from prepazka.core import reading
from prepazka.messaging.message_types import Incoming, Receipt

Item = Mapping[str, Any]
LARGEST_NUMBER = 10**30  # ids of messages may be long numbers
MOST = 200  # items of one callback; a gateway sends the rest in the next one


class NotUnderstood(Exception):
    """The callback is not what its gateway documents."""


def read_callback(gateway: str, *, query: str, body: bytes) -> list[Receipt | Incoming]:
    """The receipts and messages of a callback. Raises NotUnderstood."""
    notices = [READERS[gateway](item) for item in _items(query, body)]
    return [notice for notice in notices if notice is not None]


def _items(query: str, body: bytes) -> list[Item]:
    """The items of a callback: a JSON list or object, XML items, or a form in query or body."""
    text = body.decode("utf-8", "replace").strip()
    if text[:1] in {"[", "{"}:
        try:
            decoded = reading.json_value(text, largest=LARGEST_NUMBER)
        except reading.NotReadable as error:
            raise NotUnderstood from error
        items = decoded if isinstance(decoded, list) else [decoded]
    elif text.startswith("<"):
        items = [_xml(xml_item) for xml_item in re.findall(r"<item>(.*?)</item>", text, re.DOTALL)]
    else:
        items = [dict(parse_qsl(query) + parse_qsl(text))]
    items = [item for item in items[:MOST] if isinstance(item, dict) and item]
    if not items or any(
        reading.UNREADABLE.search(str(content)) for item in items for content in item.values()
    ):
        raise NotUnderstood
    return items


def _xml(item: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r"<(\w+)>([^<]*)</\1>", item)}


def _bulkgate(item: Item) -> Receipt | Incoming | None:
    """Status 1 is delivered, 3 undelivered, 10 a received message; 2 is still on the way."""
    status = _field(item, "status")
    if status == "10":
        return _incoming(item, number="from", text=("message", "text"), name="smsID")
    return _receipt(item, status, yes={"1"}, no={"3"}, names=("smsID",))


def _smsmanager(item: Item) -> Receipt | Incoming | None:
    """JSON API 2 has a word in `result`, the HTTP API a number in `status`."""
    if _field(item, "type") == "incoming":
        inner = item.get("payload")
        sender = item.get("from")
        return _incoming(
            {
                "from": _field(sender, "phone_number") if isinstance(sender, dict) else sender,
                "text": _deep_text(inner),
                "id": _field(item, "message_id"),
            },
            number="from",
            text=("text",),
            name="id",
        )
    status = _field(item, "result") or _field(item, "status")
    return _receipt(
        item,
        status,
        yes={"delivered", "2"},
        no={"undelivered", "rejected", "failed", "3", "6", "7", "8"},
        names=("request_id", "message_id", "requestid", "id"),
    )


def _deep_text(payload: object) -> str:
    """The text of a payload, one or two levels deep depending on the channel."""
    if isinstance(payload, dict):
        inner = payload.get("text") or payload.get("sms") or payload.get("body") or ""
        return _deep_text(inner)
    return payload if isinstance(payload, str) else ""


def _smsbrana(item: Item) -> Receipt | Incoming | None:
    """A received message has a number and a text, a receipt has an id and a state."""
    if _field(item, "message") or _field(item, "text"):
        return _incoming(item, number="number", text=("message", "text"), name="sms_id")
    return _receipt_by_words(item, ("sms_id", "idsms", "id"))


def _gosms(item: Item) -> Receipt | Incoming | None:
    if _field(item, "from") and (_field(item, "message") or _field(item, "text")):
        return _incoming(item, number="from", text=("message", "text"), name="id")
    notice = _receipt_by_words(item, ("messageId", "message_id", "id", "link"))
    if isinstance(notice, Receipt):
        return Receipt(notice.id.rstrip("/").rsplit("/", 1)[-1], notice.delivered, notice.why)
    return notice


def _receipt_by_words(item: Item, names: tuple[str, ...]) -> Receipt | None:
    status = (_field(item, "status") or _field(item, "state")).lower()
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
    """The receipt of a final status; None if the message is still on the way."""
    name = next((_field(item, key) for key in names if _field(item, key)), "")
    if not name or status not in yes | no:
        return None
    return Receipt(name[:80], status in yes, status[:40])


def _incoming(item: Item, *, number: str, text: tuple[str, ...], name: str) -> Incoming | None:
    sender = _field(item, number)
    message_text = next((_field(item, key) for key in text if _field(item, key)), "")
    if not sender:
        return None
    return Incoming(
        sender if sender.startswith(("+", "0")) or len(sender) <= LOCAL else f"+{sender}",
        message_text[:1000],
        _field(item, name)[:80],
    )


LOCAL = 9  # digits of a Czech number without the country


def _field(item: Any, name: str) -> str:
    value = item.get(name) if isinstance(item, dict) else None
    return str(value).strip() if isinstance(value, (str, int)) else ""


READERS: Mapping[str, Callable[[Item], Receipt | Incoming | None]] = {
    "bulkgate": _bulkgate,
    "smsmanager": _smsmanager,
    "smsbrana": _smsbrana,
    "gosms": _gosms,
}
