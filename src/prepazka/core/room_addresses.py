"""Addresses of video rooms on other servers, to which we send people."""

from __future__ import annotations

from urllib.parse import urlsplit

LONGEST = 500


def is_room_address(text: str) -> bool:
    """Whether it is an https address of a named server, with no password in it."""
    if len(text) > LONGEST or not text.isascii() or not text.isprintable() or " " in text:
        return False
    try:
        url = urlsplit(text)
        host, _port = url.hostname or "", url.port
    except ValueError:
        return False
    return url.scheme == "https" and "." in host and "@" not in url.netloc and "\\" not in text


def host_of(text: str) -> str:
    """The name of the server, to be shown before somebody goes there."""
    return urlsplit(text).hostname or ""
