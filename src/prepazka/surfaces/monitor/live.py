"""The live part of the page for the edge, which keeps it: with every call everybody asks for it."""

from __future__ import annotations

import re

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from prepazka.edge.answers import Fragment
from prepazka.offices.directory import directory_by_slug
from prepazka.offices.models import Office
from prepazka.surfaces.monitor.views import context

BOARD = re.compile("/([-a-zA-Z0-9_]+)/nazivo/")


def fragment(path: str) -> Fragment | None:
    """The live part at this address, if there is one; its language is in the address."""
    said = translation.get_language_from_path(path)
    found = BOARD.fullmatch(path.removeprefix(f"/{said}") if said else path)
    if found is None:
        return None
    language = said or settings.LANGUAGE_CODE
    return Fragment(path, lambda: _board(found[1], language), frozenset({"queue", "setup"}))


def _board(slug: str, language: str) -> tuple[int, str]:
    try:
        where = directory_by_slug(slug)
    except Office.DoesNotExist:
        raise LookupError(slug) from None
    with translation.override(language), timezone.override(where.tz):
        return where.office.pk, render_to_string("monitor/_board.html", context(where))
