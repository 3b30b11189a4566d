"""Django's name for this surface."""

from django.apps import AppConfig


class EmbedConfig(AppConfig):
    """Registers the surface."""

    name = "prepazka.surfaces.embed"
