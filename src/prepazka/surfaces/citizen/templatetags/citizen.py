"""Template tags of the citizen's pages: JSON-LD data and text that does not break times."""

import re
from typing import Any

from django import template
from django.utils.html import conditional_escape, json_script
from django.utils.safestring import mark_safe

from prepazka.looks import typography
from prepazka.surfaces.citizen.page_frame import language

register = template.Library()
_TIMES = re.compile(r"\d{1,2}:\d\d–\d{1,2}:\d\d")


@register.simple_tag
def structured(data: dict[str, Any]) -> str:
    """A JSON-LD element for search engines; CSP allows it, because it is not executable."""
    script = json_script(data).replace("application/json", "application/ld+json", 1)
    return mark_safe(script)  # noqa: S308  # escaped by Django


@register.filter
def whole(value: str) -> str:
    """Text as HTML with non-breaking spaces, and with ranges of times kept on one line."""
    bound = typography.nbsp(str(conditional_escape(value)), language())
    html = _TIMES.sub(r'<span class="nowrap">\g<0></span>', bound)
    return mark_safe(html)  # noqa: S308  # escaped just above; only spans of ours are added
