"""The forms of a page as a browser would send them, and what strangers send instead."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote_plus, urljoin, urlsplit

Fields = list[tuple[str, str]]
TOKEN = "csrfmiddlewaretoken"


@dataclass
class Form:
    """Where it goes and what it carries; `sends_files` asks for multipart."""

    action: str
    method: str
    fields: Fields = field(default_factory=list)
    sends_files: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name, _ in self.fields))


class _Reader(HTMLParser):
    """Collects forms and links of one page."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base, self.links = base, list[str]()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._by_id: dict[str, Form] = {}
        self._outside: list[tuple[str, dict[str, str]]] = []
        self._select: tuple[Form, str] | None = None
        self._chosen = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in said:
            self.links.append(urljoin(self.base, said["href"]))
        elif tag == "form":
            self._open = Form(
                urljoin(self.base, said.get("action", "")),
                said.get("method", "get").upper(),
                sends_files=said.get("enctype") == "multipart/form-data",
            )
            self.forms.append(self._open)
            if "id" in said:
                self._by_id[said["id"]] = self._open
        elif tag in {"input", "textarea", "select", "button"} and said.get("name"):
            if "form" in said:
                self._outside.append((tag, said))
            elif self._open is not None:
                self._take(self._open, tag, said)
        elif tag == "option" and self._select and (not self._chosen or "selected" in said):
            form, name = self._select
            form.fields = [one for one in form.fields if one[0] != name]
            form.fields.append((name, said.get("value", "")))
            self._chosen = self._chosen or "selected" in said or bool(said.get("value"))

    def _take(self, form: Form, tag: str, said: dict[str, str]) -> None:
        if tag == "select":
            self._select, self._chosen = (form, said["name"]), False
            form.fields.append((said["name"], ""))
        elif said.get("type") != "radio" or said["name"] not in form.names:
            form.fields.append((said["name"], said.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None

    def close(self) -> None:
        super().close()
        for tag, said in self._outside:
            if form := self._by_id.get(said["form"]):
                self._take(form, tag, said)


def read_page(html: str, at: str) -> tuple[list[Form], list[str]]:
    """The forms and the links of a page, with whole addresses."""
    reader = _Reader(at)
    reader.feed(html)
    reader.close()
    return reader.forms, reader.links


def target_of(address: str) -> str:
    """The address as it stands in the first line of a request."""
    parts = urlsplit(address)
    return quote_plus(parts.path, safe="/%:@-._~!$&'()*+,;=") + (
        f"?{parts.query}" if parts.query else ""
    )


LONG = "ž" * 3000
VALUES = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "9" * 5000,
    "9" * 299,
    "99999999999999999999",
    "9223372036854775807",
    "2147483648",
    "-1",
    "²",
    "٣",
    "1e999",
    "NaN",
    "0x10",
    "None",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-11-24T09:00:00+01:00",
    "00:00",
    "24:60",
    "9999:99",
    "00000000-0000-0000-0000-000000000000",
    "service:99999999999999999999",
    "counter:²",
    "official:9",
    "0001-01-01T00:00:00+14:00|x",
    "reassign:99999999999999999999",
    "😀👩‍👩‍👧\u202eabc\u2066 ﷺ\u200f",
    "\x0b\x1b[31m\r\n\tSet-Cookie: a=b",
    "{{7*7}}{%x%}%(x)s%s{0.__class__}",
    "<script>alert(1)</script>'\"--",
    "../../../../etc/passwd",
    "http://[::1",
    "a@b",
    "[]",
    '{"a":1e999}',
    "[" * 900,
    LONG,
    "x" * 120_000,
]


def mutated(form: Form, most: int = 0) -> Iterator[tuple[str, Fields]]:
    """Ways to send the form wrongly, each with a word for it.

    Each field alone takes each of VALUES, is missing, is doubled, is an array; then all fields at
    once. `most` keeps that many of each field, always the same ones.
    """
    fields = [one for one in form.fields if one[0] != TOKEN]
    for name in dict.fromkeys(one for one, _ in fields):
        ways: list[tuple[str, Fields]] = [
            (f"{name}={value[:40]!r}", [(n, value if n == name else v) for n, v in fields])
            for value in VALUES
        ]
        ways.append((f"without {name}", [one for one in fields if one[0] != name]))
        ways.append((f"{name} twice", [*fields, (name, "other")]))
        ways.append((f"{name}[]", [(f"{n}[]" if n == name else n, v) for n, v in fields]))
        yield from _some(ways, f"{urlsplit(form.action).path}{name}", most)
    together = [(f"all={value[:40]!r}", [(n, value) for n, _ in fields]) for value in VALUES]
    together.append(("nothing", []))
    together.append(("unknown", [("\U0001f600" * 9, "1"), ("__proto__", "1")]))
    yield from _some(together, form.action, 2 * most)


def _some(ways: list[Any], seed: str, most: int) -> list[Any]:
    if not most or most >= len(ways):
        return ways
    # The same on every run, whatever numbers its rows have, and another for each field.
    first = zlib.crc32(re.sub("[0-9]+", "", seed).encode())
    return [ways[(first + step * len(ways) // most) % len(ways)] for step in range(most)]


def encoded(fields: Fields) -> bytes:
    """As the body of a form, or the query of a search."""
    return "&".join(
        f"{quote_plus(n.encode('utf-8', 'surrogatepass'))}="
        f"{quote_plus(v.encode('utf-8', 'surrogatepass'))}"
        for n, v in fields
    ).encode()


def multipart(fields: Fields) -> tuple[bytes, str]:
    """The same as parts, with its content type."""
    parts = b"".join(
        b'--q\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (n.encode("utf-8", "surrogatepass"), v.encode("utf-8", "surrogatepass"))
        for n, v in fields
    )
    return parts + b"--q--\r\n", "multipart/form-data; boundary=q"
