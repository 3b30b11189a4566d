"""Sending of short messages by the gateway of the settings."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings

from prepazka.messaging.message_types import Sent, Sms, Undeliverable


def send(sms: Sms) -> Sent:
    """Send the message by the gateway. Raises Undeliverable."""
    if not settings.SMS_GATEWAY:
        raise Undeliverable("no gateway for short messages is set", permanent=False)
    gateway = import_module(f"{__name__}.{settings.SMS_GATEWAY}")
    sent: Sent = gateway.send(sms)
    return sent
