"""Mail by SMTP, over connections that are kept while they are in use."""

from __future__ import annotations

import smtplib
import time
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, SafeMIMEMultipart
from django.core.mail.backends.smtp import EmailBackend

from prepazka.core.contact_text import ascii_email
from prepazka.messaging.port import ADDRESS_REFUSED, Attachment, Mail, Undeliverable

PERMANENT = range(500, 600)
# Servers hang up on whoever is silent for long, and wonder at many connections of one sender.
IDLE_S, MOST_KEPT = 10.0, 4
NOBODY = "none"
HTML = "text/html"
CALENDAR, CALENDAR_FILE = "text/calendar", "application/ics"

Account = tuple[str, int, str, str]


class Nobody(EmailBackend):
    """Sends with the empty return path, to which no machine may answer."""

    def _send(self, email_message: EmailMultiAlternatives) -> bool:
        content = email_message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
        if self.connection is None:
            return False
        self.connection.sendmail("", email_message.recipients(), content)
        return True


class _Kept:
    """Open connections that nobody uses at the moment, the latest used last."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.open: list[tuple[Account, float, Any]] = []

    def take(self) -> Any | None:
        """One that was used a moment ago; the others are closed."""
        with self.lock:
            found, self.open = self.open, []
            fresh = [
                one for one in found if one[0] == _account() and time.monotonic() - one[1] < IDLE_S
            ]
            self.open = fresh[:-1]
        for one in found:
            if one not in fresh:
                close(one[2])
        return fresh[-1][2] if fresh else None

    def give(self, backend: Any) -> None:
        """Keep it for the next mail."""
        with self.lock:
            if len(self.open) < MOST_KEPT:
                self.open.append((_account(), time.monotonic(), backend))
                return
        close(backend)

    def close_all(self) -> None:
        """Hang up."""
        with self.lock:
            found, self.open = self.open, []
        for one in found:
            close(one[2])


kept = _Kept()


def close(backend: Any) -> None:
    """Hang up, whatever state the connection is in."""
    with suppress(smtplib.SMTPException, OSError):
        backend.close()


def send(mail: Mail) -> None:
    """Hand the mail to the SMTP server of the settings. Raises Undeliverable.

    It is permanent where the address cannot be written to, or the server refuses it or the mail,
    and in a demo for the public without a mailbox, where nothing may leave.
    """
    if settings.DEMO_PUBLIC and not settings.MAILBOX:
        raise Undeliverable("a demo for the public sends nothing", permanent=True)
    try:
        address = ascii_email(mail.to)
    except ValueError as error:
        raise Undeliverable(ADDRESS_REFUSED, permanent=True) from error
    try:
        _send(_message(replace(mail, to=address)))
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        raise Undeliverable(
            ADDRESS_REFUSED, permanent=all(c in PERMANENT for c in codes)
        ) from error
    except smtplib.SMTPDataError as error:
        # The server took the address and has read the mail; 5xx will be the answer each time.
        permanent = error.smtp_code in PERMANENT
        raise Undeliverable(
            f"the server answered {error.smtp_code}", permanent=permanent
        ) from error
    except smtplib.SMTPResponseException as error:
        # A server that refuses us (wrong password, relaying denied) may be mended by its people.
        raise Undeliverable(f"the server answered {error.smtp_code}", permanent=False) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Undeliverable(type(error).__name__, permanent=False) from error


def _send(message: EmailMultiAlternatives) -> None:
    backend = kept.take()
    if backend is not None:
        try:
            _over(backend, message)
        except smtplib.SMTPServerDisconnected:
            pass  # it had enough of us; a new connection will do
        else:
            return
    _over(_backend(), message)


def _over(backend: Any, message: EmailMultiAlternatives) -> None:
    try:
        backend.open()
        backend.send_messages([message])
    except BaseException:
        close(backend)
        raise
    kept.give(backend)


def _backend() -> Any:
    kind = Nobody if settings.MAIL_RETURN_PATH == NOBODY else EmailBackend
    return kind(fail_silently=False)


def _account() -> Account:
    return (
        settings.EMAIL_HOST,
        settings.EMAIL_PORT,
        settings.EMAIL_HOST_USER,
        settings.MAIL_RETURN_PATH,
    )


class _Message(EmailMultiAlternatives):
    """A mail whose HTML may show pictures that travel with it, as multipart/related (RFC 2387)."""

    pictures: tuple[Attachment, ...] = ()

    def _create_mime_attachment(self, content: Any, mimetype: str) -> Any:
        part = super()._create_mime_attachment(content, mimetype)  # type: ignore[misc]
        if mimetype != HTML or not self.pictures:
            return part
        related = SafeMIMEMultipart(_subtype="related", encoding=settings.DEFAULT_CHARSET)
        related.set_param("type", HTML)
        related.attach(part)
        for one in self.pictures:
            picture = super()._create_mime_attachment(one.content, one.media_type)  # type: ignore[misc]
            picture.add_header("Content-ID", f"<{one.content_id}>")
            picture.add_header("Content-Disposition", "inline", filename=one.name)
            related.attach(picture)
        return related


def _message(mail: Mail) -> _Message:
    back = settings.MAIL_RETURN_PATH
    message = _Message(
        subject=mail.subject,
        body=mail.text,
        from_email=back if back and back != NOBODY else mail.sender,
        to=[mail.to],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={"Message-ID": mail.message_id, "From": mail.sender, **mail.headers},
    )
    message.pictures = tuple(one for one in mail.attachments if one.content_id)
    message.attach_alternative(mail.html, HTML)
    for one in mail.attachments:
        if one.content_id:
            continue
        if one.media_type.startswith(CALENDAR):
            # Outlook takes an appointment only from among the bodies; others look for a file.
            message.attach_alternative(one.content.decode(), one.media_type)
            message.attach(one.name, one.content, CALENDAR_FILE)
        else:
            message.attach(one.name, one.content, one.media_type)
    return message
