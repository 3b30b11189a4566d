"""Keeps times whole where a line ends."""

import re
from typing import Any

from django import template
from django.utils.html import conditional_escape, json_script
from django.utils.safestring import mark_safe

from prepazka.looks import typography
from prepazka.surfaces.citizen.pages import language

register = template.Library()
_TIMES = re.compile(r"\d{1,2}:\d\d–\d{1,2}:\d\d")


@register.simple_tag
def structured(data: dict[str, Any]) -> str:
    """Data for search engines; a script element that is no script, so no policy stops it."""
    made = json_script(data).replace("application/json", "application/ld+json", 1)
    return mark_safe(made)  # noqa: S308  # escaped by Django


@register.filter
def whole(value: str) -> str:
    """Text with non-breaking spaces, and with ranges of times that no line end tears."""
    bound = typography.nbsp(str(conditional_escape(value)), language())
    kept = _TIMES.sub(r'<span class="nowrap">\g<0></span>', bound)
    return mark_safe(kept)  # noqa: S308  # escaped just above; only spans of ours are added
