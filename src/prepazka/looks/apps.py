"""The Django app that carries the shared templates, styles and typography."""

from typing import Any

from django.apps import AppConfig
from django.utils.translation.trans_real import DjangoTranslation


class LooksConfig(AppConfig):
    """The looks of every screen."""

    name = "prepazka.looks"
    label = "looks"

    def ready(self) -> None:
        """Show a text without a translation in English, as the code has it, in every language.

        Django would show it in the installation's main language, which is Czech.
        """
        DjangoTranslation._add_fallback = _no_fallback  # type: ignore[attr-defined]  # noqa: SLF001  # no setting does it


def _no_fallback(catalogue: DjangoTranslation, localedirs: Any = None) -> None:
    """Leave the catalogue without another language's to fall back to."""
