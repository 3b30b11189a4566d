"""Addresses of pages elsewhere to which we send people."""

from __future__ import annotations

from urllib.parse import urlsplit

LONGEST = 500


def is_room_address(text: str) -> bool:
    """Whether it is an https address of a named server: no password in it, nothing unprintable."""
    if len(text) > LONGEST or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return False
    return parts.scheme == "https" and "." in host and "@" not in parts.netloc and "\\" not in text


def host_of(text: str) -> str:
    """The name of the server, to be shown before somebody goes there."""
    return urlsplit(text).hostname or ""
