"""The languages of the installation (`settings.LANGUAGES`) and those that an office offers."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import get_language

from prepazka.core.locales import main_language

ENGLISH = "en"  # of the texts in the code, so that one without a translation is in English


def active_language() -> str:
    """The language of the page or message, without its variety."""
    return main_language(get_language() or settings.LANGUAGE_CODE)


def installed_languages() -> tuple[str, ...]:
    """The codes of the installation's languages, its main one first."""
    return tuple(code for code, _name in settings.LANGUAGES)


def installed_or_main(language: str) -> str:
    """The language, or the main one if the installation does not have it."""
    return language if language in installed_languages() else str(settings.LANGUAGE_CODE)


def offered_languages(chosen: Iterable[str]) -> tuple[str, ...]:
    """The languages of an office's pages: the complete ones, and those that it has chosen."""
    offered = {*settings.COMPLETE_LANGUAGES, *chosen}
    return tuple(code for code in installed_languages() if code in offered)


def fallbacks(language: str) -> tuple[str, ...]:
    """The languages in which a text is looked for, in order."""
    return tuple(dict.fromkeys((main_language(language), ENGLISH, settings.LANGUAGE_CODE)))


def nearest_language(language: str, offered: tuple[str, ...]) -> str:
    """The language if it is offered, else the first of its fallbacks that is."""
    return next((code for code in fallbacks(language) if code in offered), offered[0])


def path_prefix(language: str) -> str:
    """What paths begin with in the language: `/en`, nothing in the main one."""
    code = installed_or_main(language)
    return "" if code == settings.LANGUAGE_CODE else f"/{code}"
