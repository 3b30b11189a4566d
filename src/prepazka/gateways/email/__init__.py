"""Sending of mail by SMTP, with reuse of recently used connections."""

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
from prepazka.messaging.message_types import ADDRESS_REFUSED, Attachment, Mail, Undeliverable

PERMANENT = range(500, 600)
# Servers close idle connections, and may limit the number of connections of one sender.
IDLE_S, MOST_KEPT = 10.0, 4
NOBODY = "none"
HTML = "text/html"
CALENDAR, CALENDAR_FILE = "text/calendar", "application/ics"

Account = tuple[str, int, str, str]


class Nobody(EmailBackend):
    """Sends with an empty return path, to which machines must not reply."""

    def _send(self, email_message: EmailMultiAlternatives) -> bool:
        content = email_message.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]
        if self.connection is None:
            return False
        self.connection.sendmail("", email_message.recipients(), content)
        return True


class _IdleConnections:
    """Open SMTP connections not in use, the most recently used last."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.open: list[tuple[Account, float, Any]] = []

    def take(self) -> Any | None:
        """A recently used connection of the current account, or None; closes expired ones."""
        with self.lock:
            connections, self.open = self.open, []
            fresh = [
                connection
                for connection in connections
                if connection[0] == _account() and time.monotonic() - connection[1] < IDLE_S
            ]
            self.open = fresh[:-1]
        for connection in connections:
            if connection not in fresh:
                close_connection(connection[2])
        return fresh[-1][2] if fresh else None

    def give(self, backend: Any) -> None:
        """Keep a connection for the next mail, or close it if there are enough."""
        with self.lock:
            if len(self.open) < MOST_KEPT:
                self.open.append((_account(), time.monotonic(), backend))
                return
        close_connection(backend)

    def close_all(self) -> None:
        """Close all connections."""
        with self.lock:
            connections, self.open = self.open, []
        for connection in connections:
            close_connection(connection[2])


kept = _IdleConnections()


def close_connection(backend: Any) -> None:
    """Close a connection, whatever state it is in."""
    with suppress(smtplib.SMTPException, OSError):
        backend.close()


def send_mail(mail: Mail) -> None:
    """Send the mail by the SMTP server of the settings. Raises Undeliverable.

    The failure is permanent if the address is invalid, if the server refuses the address or the
    mail, and in a public demo without a mailbox, which sends nothing.
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
        # The server has read the mail, so a 5xx answer will not change.
        permanent = error.smtp_code in PERMANENT
        raise Undeliverable(
            f"the server answered {error.smtp_code}", permanent=permanent
        ) from error
    except smtplib.SMTPResponseException as error:
        # A refusal of our account (wrong password, relaying denied) can be repaired by an admin.
        raise Undeliverable(f"the server answered {error.smtp_code}", permanent=False) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Undeliverable(type(error).__name__, permanent=False) from error


def _send(message: EmailMultiAlternatives) -> None:
    backend = kept.take()
    if backend is not None:
        try:
            _send_over(backend, message)
        except smtplib.SMTPServerDisconnected:
            pass  # the server closed the idle connection; use a new one
        else:
            return
    _send_over(_backend(), message)


def _send_over(backend: Any, message: EmailMultiAlternatives) -> None:
    try:
        backend.open()
        backend.send_messages([message])
    except BaseException:
        close_connection(backend)
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
    """A mail whose HTML can show attached pictures, as multipart/related (RFC 2387)."""

    pictures: tuple[Attachment, ...] = ()

    def _create_mime_attachment(self, content: Any, mimetype: str) -> Any:
        html_part = super()._create_mime_attachment(content, mimetype)  # type: ignore[misc]
        if mimetype != HTML or not self.pictures:
            return html_part
        related = SafeMIMEMultipart(_subtype="related", encoding=settings.DEFAULT_CHARSET)
        related.set_param("type", HTML)
        related.attach(html_part)
        for attachment in self.pictures:
            picture = super()._create_mime_attachment(  # type: ignore[misc]
                attachment.content, attachment.media_type
            )
            picture.add_header("Content-ID", f"<{attachment.content_id}>")
            picture.add_header("Content-Disposition", "inline", filename=attachment.name)
            related.attach(picture)
        return related


def _message(mail: Mail) -> _Message:
    return_path = settings.MAIL_RETURN_PATH
    message = _Message(
        subject=mail.subject,
        body=mail.text,
        from_email=return_path if return_path and return_path != NOBODY else mail.sender,
        to=[mail.to],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={"Message-ID": mail.message_id, "From": mail.sender, **mail.headers},
    )
    message.pictures = tuple(attachment for attachment in mail.attachments if attachment.content_id)
    message.attach_alternative(mail.html, HTML)
    for attachment in mail.attachments:
        if attachment.content_id:
            continue
        if attachment.media_type.startswith(CALENDAR):
            # Outlook reads an appointment only from an alternative body; others need a file.
            message.attach_alternative(attachment.content.decode(), attachment.media_type)
            message.attach(attachment.name, attachment.content, CALENDAR_FILE)
        else:
            message.attach(attachment.name, attachment.content, attachment.media_type)
    return message
