"""The demo's mailbox: the list of mails, one mail, its HTML and attachments."""

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

from prepazka.booking import booking_links
from prepazka.web import cookies
from prepazka.web.demo_installation import with_mailbox

MOST = 50
SMS = "X-Idempotency-Key"  # a header that only stored SMS have
VIRTUAL = "@ukazka.example"  # addresses of simulated people

# A mail runs no scripts, loads nothing, and only its own page may frame it. Its links open in the
# whole tab, after a click.
IN_FRAME = "sandbox allow-top-navigation-by-user-activation"
HTML_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline';"  # mails have inline styles only
    f" base-uri 'none'; frame-ancestors 'self'; {IN_FRAME}"
)
TOP = '<base target="_top">'
# Attachments of these types are served with their type, all others as application/octet-stream.
KEPT_TYPES = frozenset(
    {"text/calendar", "application/ics", "text/plain", "application/pdf", "image/png"}
)


@with_mailbox
@require_safe
def list_mails(request: HttpRequest) -> HttpResponse:
    """The mails, newest first; those of simulated people only with `?vsichni`."""
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
def mail_page(request: HttpRequest, number: int) -> HttpResponse:
    """One mail: its HTML in a frame, its plain text and attachments."""
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
            "attachments": list(
                enumerate(_file_name(mime_part) for mime_part in message.iter_attachments())
            ),
        },
    )


@with_mailbox
@require_safe
def mail_html(request: HttpRequest, number: int) -> HttpResponse:
    """The HTML of a mail, for the frame of its page."""
    message = _mail_or_404(request, number)
    body = message.get_body(preferencelist=("html",))
    if body is None:
        raise Http404
    content = _with_pictures(str(body.get_content()), message)
    response = HttpResponse(content.replace("<head>", f"<head>{TOP}", 1))
    response["Content-Security-Policy"] = HTML_POLICY
    response["X-Frame-Options"] = "SAMEORIGIN"
    return response


@with_mailbox
@require_safe
def mail_attachment(request: HttpRequest, number: int, position: int) -> HttpResponse:
    """An attachment, sent to be saved, so that a browser never shows it as our page."""
    attachments = list(_mail_or_404(request, number).iter_attachments())
    if position >= len(attachments):
        raise Http404
    chosen = attachments[position]
    payload = chosen.get_payload(decode=True)
    content_type = chosen.get_content_type()
    if content_type not in KEPT_TYPES:
        content_type = "application/octet-stream"
    elif chosen.get_content_maintype() == "text":
        content_type += f"; charset={chosen.get_content_charset('utf-8')}"
    response = HttpResponse(
        payload if isinstance(payload, bytes) else b"",
        content_type=content_type,
    )
    response["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=_file_name(chosen)
    )
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    return response


def _with_pictures(content: str, message: EmailMessage) -> str:
    """The HTML with the mail's own images inlined as data URLs."""
    for mime_part in message.walk():
        name, payload = (
            mime_part.get("Content-ID", "").strip("<> "),
            mime_part.get_payload(decode=True),
        )
        if name and isinstance(payload, bytes) and mime_part.get_content_type() == "image/png":
            data_url = f"data:image/png;base64,{b64encode(payload).decode()}"
            content = content.replace(f'"cid:{name}"', f'"{data_url}"')
    return content


def _file_name(mime_part: EmailMessage) -> str:
    """The attachment's file name without folders and control characters."""
    name = PurePath((mime_part.get_filename() or "").replace("\\", "/")).name
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
    """Whether the visitor may read the mail; in a public demo only mails of their own booking.

    The booking is known from the signed cookie of the hold.
    """
    if not settings.DEMO_PUBLIC:
        return True
    booking = booking_links.booking_of_token(cookies.read_cookie(request, cookies.HOLD), "hold")
    subject_id, _dot, _rest = str(message["message-id"] or "").strip("<> ").partition(".")
    return booking is not None and subject_id == str(booking)


def _read(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)  # noqa: S101  # for the type checker
    return message
