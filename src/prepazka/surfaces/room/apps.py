"""Django's name for this surface."""

from django.apps import AppConfig


class RoomConfig(AppConfig):
    """Registers the surface."""

    name = "prepazka.surfaces.room"
