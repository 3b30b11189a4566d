"""Django's name for this surface."""

from django.apps import AppConfig


class TicketConfig(AppConfig):
    """Registers the surface."""

    name = "prepazka.surfaces.ticket"
