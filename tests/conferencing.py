"""Conferencing servers on this machine that check what real ones do, each by its own means.

Jitsi Meet: the rules of its Prosody modules (signature, `iss`, `aud`, `exp`, `nbf`, `room`, `sub`),
by the standard library alone. BigBlueButton: the checksum of the raw query string, and the state of
its meetings.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

from tests.clock import real_now

APP, SECRET, DOMAIN = "horka", "s3cret-of-the-conferencing-server", "meet.horka.example"
BBB_SECRET = "639259d4-9dd8-4b25-bf01-95f9567eaf4b"


@dataclass
class Conference:
    """What a server was asked, whom it let in, and how it is to fail."""

    url: str = ""
    fault: str = ""  # slow, 500, garbage, redirect, bomb
    now: datetime | None = None  # the clock that tokens are compared with
    asked: list[str] = field(default_factory=list)
    entered: list[dict[str, Any]] = field(default_factory=list)
    meetings: dict[str, dict[str, Any]] = field(default_factory=dict)
    papers: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def jitsi(*, secret: str = SECRET) -> Iterator[Conference]:
    """A Jitsi Meet whose rooms open by tokens only."""
    with _serve(lambda here, path, _body: _jitsi(here, path, secret)) as found:
        yield found


@contextmanager
def bigbluebutton(*, secret: str = BBB_SECRET) -> Iterator[Conference]:
    """A BigBlueButton of one process."""
    with _serve(lambda here, path, body: _bbb(here, path, body, secret)) as found:
        found.url += "/bigbluebutton"
        yield found


def _jitsi(here: Conference, path: str, secret: str) -> tuple[int, str]:
    parts = urlsplit(path)
    room = parts.path.strip("/")
    if not room:
        return 200, "<title>Jitsi Meet</title>"
    token = parse_qs(parts.query).get("jwt", [""])[0]
    if why := _refused(here, token, room.lower(), secret):
        return 403, why
    here.entered.append({"room": room} | _part(token.split(".")[1])["context"]["user"])
    return 200, "welcome"


def _refused(here: Conference, token: str, room: str, secret: str) -> str:  # noqa: PLR0911  # one each
    try:
        head, said, mark = token.split(".")
        header, claims = _part(head), _part(said)
    except ValueError:
        return "token required"
    made = hmac.new(secret.encode(), f"{head}.{said}".encode(), hashlib.sha256).digest()
    if header.get("alg") != "HS256" or not hmac.compare_digest(made, _bytes(mark)):
        return "invalid signature"
    now = (here.now or real_now()).timestamp()
    if claims.get("exp", 0) <= now or claims.get("nbf", 0) > now:
        return "not acceptable by exp or nbf"
    if claims.get("iss") != APP:
        return "invalid issuer"
    if claims.get("aud") != "jitsi":
        return "invalid audience"
    if str(claims.get("room", "")).lower() != room:
        return "room does not match"
    if claims.get("sub") != DOMAIN:
        return "domain does not match"
    person = claims["context"]["user"]
    # A null or a number there breaks the server's module.
    if not all(isinstance(one, str | bool) for one in person.values()):
        return "context makes no sense"
    return ""


def _part(text: str) -> dict[str, Any]:
    return dict(json.loads(_bytes(text)))


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _bbb(here: Conference, path: str, body: bytes, secret: str) -> tuple[int, str]:
    parts = urlsplit(path)
    call = parts.path.removeprefix("/bigbluebutton/api/")
    # As the server does: the checksum goes out of the raw query, the rest stays as it was sent.
    raw = "&".join(one for one in parts.query.split("&") if not one.startswith("checksum="))
    said = {name: values[0] for name, values in parse_qs(parts.query).items()}
    made = hashlib.sha256((call + raw + secret).encode()).hexdigest()
    if said.get("checksum") != made:
        return 200, _failed("checksumError")
    known = here.meetings.get(said.get("meetingID", ""))
    if call == "create":
        return 200, _create(here, said, body)
    if call == "isMeetingRunning":
        return 200, _xml(running="true" if known and known["people"] else "false")
    if known is None:
        return 200, _failed("notFound")
    if call == "join":
        return _join(here, known, said)
    if call == "end":
        del here.meetings[said["meetingID"]]
    return 200, _xml(meetingID=said["meetingID"], createTime=known["createTime"])


def _create(here: Conference, said: dict[str, str], body: bytes) -> str:
    name = said["meetingID"]
    known = here.meetings.get(name)
    if known is None:
        known = {"createTime": str(1531155809613 + len(here.asked)), "people": 0, **said}
        here.meetings[name] = known
        if body:
            for one in ET.fromstring(body).findall("module/document"):  # noqa: S314  # our own
                here.papers[one.attrib["name"]] = base64.b64decode(one.text or "", validate=True)
    return _xml(meetingID=name, createTime=known["createTime"])


def _join(here: Conference, known: dict[str, Any], said: dict[str, str]) -> tuple[int, str]:
    if said.get("role") not in {"MODERATOR", "VIEWER"} or not said.get("fullName"):
        return 200, _failed("missingParam")
    if said.get("createTime") != known["createTime"]:
        return 200, _failed("mismatchCreateTimeParam")
    known["people"] += 1
    here.entered.append(said)
    return 200, "welcome"


def _failed(key: str) -> str:
    return f"<response><returncode>FAILED</returncode><messageKey>{key}</messageKey></response>"


def _xml(**said: str) -> str:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in said.items())
    return f"<response><returncode>SUCCESS</returncode>{inner}</response>"


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "SUCCESS">]>'
    "<response><returncode>&a;</returncode><createTime>1</createTime></response>"
)
FAULTS = {"500": (500, "oops"), "garbage": (200, "<html><p>not xml"), "bomb": (200, BOMB)}


@contextmanager
def _serve(answer: Any) -> Iterator[Conference]:
    here = Conference()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            here.asked.append(f"{self.command} {urlsplit(self.path).path}")
            if here.fault == "slow":
                time.sleep(1)
            if here.fault == "redirect":
                self.send_response(302)
                self.send_header("Location", here.url + "/elsewhere")
                self.end_headers()
                return
            status, text = FAULTS.get(here.fault) or answer(here, self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET  # noqa: N815  # the names that the base class calls

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
