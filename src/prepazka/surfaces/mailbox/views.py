"""The list of the demo's mails, and one of them."""

from __future__ import annotations

import email
import os
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

MOST = 50
SMS = "X-Idempotency-Key"  # a short message kept beside the mails


@require_safe
def mails(request: HttpRequest) -> HttpResponse:
    """All mails, newest first."""
    found = [
        {"number": int(path.stem), "mail": mail, "sms": _text(mail) if SMS in mail else ""}
        for path, mail in ((path, _read(path)) for path in _newest())
    ]
    return render(request, "mailbox/mails.html", {"mails": found})


@require_safe
def mail(request: HttpRequest, number: int) -> HttpResponse:
    """One mail as a mail program would show its plain text, with the names of what came along."""
    path = _folder() / f"{number}.eml"
    if not path.exists():
        raise Http404
    message = _read(path)
    return render(
        request,
        "mailbox/mail.html",
        {
            "mail": message,
            "text": _text(message),
            "attachments": [part.get_filename() for part in message.iter_attachments()],
        },
    )


def _newest() -> list[Path]:
    return sorted(_folder().glob("*.eml"), reverse=True)[:MOST]


def _text(message: EmailMessage) -> str:
    body = message.get_body(preferencelist=("plain",))
    return str(body.get_content()) if body else ""


def _folder() -> Path:
    folder = os.environ.get("PREPAZKA_MAILBOX")
    if not settings.DEMO or not folder:
        raise Http404
    return Path(folder)


def _read(path: Path) -> EmailMessage:
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)  # noqa: S101  # for the type checker
    return message
