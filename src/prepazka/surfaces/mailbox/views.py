"""The list of the demo's mails, and one of them as a mail program shows it."""

from __future__ import annotations

import email
import os
from base64 import b64encode
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from email.utils import parseaddr
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from prepazka.booking import links
from prepazka.web import cookies
from prepazka.web.demo import with_mailbox

MOST = 50
SMS = "X-Idempotency-Key"  # a short message kept beside the mails
VIRTUAL = "@ukazka.example"  # addresses of the people of a played day

# A mail is a document of its own: nothing runs in it, nothing is fetched for it, and only its own
# page may frame it. Its links open in the whole tab, when somebody clicks.
IN_FRAME = "sandbox allow-top-navigation-by-user-activation"
HTML_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline';"  # mails know no other styles
    f" base-uri 'none'; frame-ancestors 'self'; {IN_FRAME}"
)
TOP = '<base target="_top">'
# Attachments of these types keep them; all others are mere bytes to be saved.
KEPT_TYPES = frozenset(
    {"text/calendar", "application/ics", "text/plain", "application/pdf", "image/png"}
)


@with_mailbox
@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """All mails, newest first; those of virtual people only when asked for, by `?vsichni`."""
    every = "vsichni" in request.GET
    rows: list[dict[str, Any]] = []
    virtual = 0
    for path in _newest():
        message = _read(path)
        if not _may_see(request, message):
            continue
        if not every and parseaddr(str(message["to"]))[1].endswith(VIRTUAL):
            virtual += 1
        elif len(rows) < MOST:
            text = _text(message) if SMS in message else ""
            rows.append({"number": int(path.stem), "mail": message, "sms": text})
    return render(request, "mailbox/mails.html", {"mails": rows, "virtual": virtual})


@with_mailbox
@require_safe
def mail(request: HttpRequest, number: int) -> HttpResponse:
    """One mail: its HTML in a frame, what is attached to it, and its plain text."""
    message = _mail_or_404(request, number)
    return render(
        request,
        "mailbox/mail.html",
        {
            "mail": message,
            "number": number,
            "text": _text(message),
            "has_html": message.get_body(preferencelist=("html",)) is not None,
            "sandbox": IN_FRAME.removeprefix("sandbox "),
            "attachments": list(enumerate(_name(part) for part in message.iter_attachments())),
        },
    )


@with_mailbox
@require_safe
def html(request: HttpRequest, number: int) -> HttpResponse:
    """The HTML of a mail, for the frame of its page."""
    message = _mail_or_404(request, number)
    body = message.get_body(preferencelist=("html",))
    if body is None:
        raise Http404
    content = _with_pictures(str(body.get_content()), message)
    answer = HttpResponse(content.replace("<head>", f"<head>{TOP}", 1))
    answer["Content-Security-Policy"] = HTML_POLICY
    answer["X-Frame-Options"] = "SAMEORIGIN"
    return answer


@with_mailbox
@require_safe
def attachment(request: HttpRequest, number: int, position: int) -> HttpResponse:
    """An attachment, to be saved: a browser never shows it as a page of ours."""
    parts = list(_mail_or_404(request, number).iter_attachments())
    if position >= len(parts):
        raise Http404
    part = parts[position]
    payload = part.get_payload(decode=True)
    kind = part.get_content_type()
    if kind not in KEPT_TYPES:
        kind = "application/octet-stream"
    elif part.get_content_maintype() == "text":
        kind += f"; charset={part.get_content_charset('utf-8')}"
    answer = HttpResponse(
        payload if isinstance(payload, bytes) else b"",
        content_type=kind,
    )
    answer["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=_name(part)
    )
    answer["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    return answer


def _with_pictures(content: str, message: EmailMessage) -> str:
    """The HTML with the pictures that travel in the mail written into it."""
    for part in message.walk():
        name, payload = part.get("Content-ID", "").strip("<> "), part.get_payload(decode=True)
        if name and isinstance(payload, bytes) and part.get_content_type() == "image/png":
            written = f"data:image/png;base64,{b64encode(payload).decode()}"
            content = content.replace(f'"cid:{name}"', f'"{written}"')
    return content


def _name(part: EmailMessage) -> str:
    """The file's name without any folder and without control characters."""
    name = PurePath((part.get_filename() or "").replace("\\", "/")).name
    return "".join(c for c in name if c.isprintable()) or "priloha"


def _newest() -> Iterator[Path]:
    yield from sorted(_folder().glob("*.eml"), reverse=True)


def _text(message: EmailMessage) -> str:
    body = message.get_body(preferencelist=("plain",))
    return str(body.get_content()) if body else ""


def _folder() -> Path:
    folder = os.environ.get("PREPAZKA_MAILBOX")
    if not folder:
        raise Http404
    return Path(folder)


def _mail_or_404(request: HttpRequest, number: int) -> EmailMessage:
    path = _folder() / f"{number}.eml"
    if not path.exists():
        raise Http404
    message = _read(path)
    if not _may_see(request, message):
        raise Http404
    return message


def _may_see(request: HttpRequest, message: EmailMessage) -> bool:
    """Whether the visitor may read it: in a demo for the public only what is about their own booking.

    Which that is says the signed cookie of the hold, which no other visitor has.
    """
    if not settings.DEMO_PUBLIC:
        return True
    booking = links.read(cookies.read(request, cookies.HOLD), "hold")
    about, _dot, _rest = str(message["message-id"] or "").strip("<> ").partition(".")
    return booking is not None and about == str(booking)


def _read(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)  # noqa: S101  # for the type checker
    return message
