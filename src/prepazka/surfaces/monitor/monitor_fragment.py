"""The live part of the monitor for the edge, which caches it, as every viewer asks after a call."""

from __future__ import annotations

import re

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from prepazka.edge.hot_routes import Fragment
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import snapshot_by_slug
from prepazka.surfaces.monitor.views import live_view_context

BOARD = re.compile("/([-a-zA-Z0-9_]+)/nazivo/")


def live_view_fragment(path: str) -> Fragment | None:
    """The live part at this path, which also gives its language; None for other paths."""
    url_language = translation.get_language_from_path(path)
    match = BOARD.fullmatch(path.removeprefix(f"/{url_language}") if url_language else path)
    if match is None:
        return None
    language = url_language or settings.LANGUAGE_CODE
    return Fragment(path, lambda: _board(match[1], language), frozenset({"queue", "setup"}))


def _board(slug: str, language: str) -> tuple[int, str]:
    try:
        office = snapshot_by_slug(slug)
    except Office.DoesNotExist:
        raise LookupError(slug) from None
    with translation.override(language), timezone.override(office.tz):
        return office.office_id, render_to_string("monitor/_board.html", live_view_context(office))
