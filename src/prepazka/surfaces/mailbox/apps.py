"""Django's name for this surface."""

from django.apps import AppConfig


class MailboxConfig(AppConfig):
    """Registers the surface."""

    name = "prepazka.surfaces.mailbox"
