"""Mail by SMTP."""

from __future__ import annotations

import smtplib

from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend

from prepazka.messaging.port import Mail, Undeliverable

PERMANENT = range(500, 600)


def send(mail: Mail) -> None:
    """Hand the mail to the SMTP server of the settings. Raises Undeliverable."""
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=mail.sender,
        to=[mail.to],
        reply_to=[mail.reply_to] if mail.reply_to else None,
        headers={"Message-ID": mail.message_id, **mail.headers},
    )
    message.attach_alternative(mail.html, "text/html")
    for one in mail.attachments:
        message.attach(one.name, one.content, one.media_type)
    try:
        EmailBackend(fail_silently=False).send_messages([message])
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        raise Undeliverable(
            "the address was refused", permanent=all(c in PERMANENT for c in codes)
        ) from error
    except smtplib.SMTPResponseException as error:
        # A server that refuses us (wrong password, relaying denied) may be mended by its people.
        raise Undeliverable(f"the server answered {error.smtp_code}", permanent=False) from error
    except (smtplib.SMTPException, OSError) as error:
        raise Undeliverable(type(error).__name__, permanent=False) from error
