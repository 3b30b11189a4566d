"""The Django app that carries the shared templates, styles and typography."""

from django.apps import AppConfig


class LooksConfig(AppConfig):
    """The looks of every screen."""

    name = "prepazka.looks"
    label = "looks"
