"""Template tags of shared includes: icons, the language switch, the list of errors."""

import re
from functools import lru_cache
from pathlib import Path

from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField
from django.forms.widgets import ChoiceWidget, Select
from django.template import Context
from django.urls import translate_url
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, get_language_info, gettext, override

from prepazka.core import locales
from prepazka.looks import typography
from prepazka.offices import clock
from prepazka.offices.languages import (
    active_language,
    installed_languages,
    offered_languages,
    path_prefix,
)
from prepazka.offices.models import Office

register = template.Library()

ICONS = Path(__file__).parent.parent / "static/looks/vendor/gov/icons"


@lru_cache
def _icon_markup(name: str) -> str:
    if not re.fullmatch(r"[a-z-]+", name):
        raise ValueError(f"no such icon: {name!r}")
    svg = (ICONS / f"{name}.svg").read_text("utf-8").strip()
    return svg.replace('width="16" height="16" ', "", 1).replace("\n", "")


@register.simple_tag
def icon(name: str) -> str:
    """A decorative icon as inline SVG, in the colour of the text."""
    svg = mark_safe(_icon_markup(name))  # noqa: S308 - a file of ours, not anyone's input
    return format_html('<span class="icon" aria-hidden="true">{}</span>', svg)


@register.simple_tag(takes_context=True)
def other_languages(context: Context) -> list[dict[str, str]]:
    """Links to the same page in other languages; none if its address has no language.

    Staff's pages have the complete languages, those of an office its own, a kiosk's its own; the
    others all of the installation.
    """
    request = context.get("request")
    if request is None:
        return []
    path, active = request.get_full_path(), get_language()
    translated = [(code, translate_url(path, code)) for code in _offered(context, request.path)]
    return [
        {"code": code, "name": get_language_info(code)["name_local"].capitalize(), "url": url}
        for code, url in translated
        if code != active and url != path
    ]


def _offered(context: Context, path: str) -> tuple[str, ...]:
    if path.removeprefix(path_prefix(active_language())).startswith(settings.STAFF_PATHS):
        return tuple(settings.COMPLETE_LANGUAGES)
    if codes := context.get("offered_languages"):
        return tuple(codes)
    chosen = getattr(context.get("office"), "languages", None)
    return installed_languages() if chosen is None else offered_languages(chosen)


@register.simple_tag
def texts_in_others(text: str, office: Office | None = None) -> list[tuple[str, str]]:
    """A text of the catalogue in the office's other languages, as pairs of language and text.

    Languages whose text is the same as the page's, or missing, are left out.
    """
    active, pairs = active_language(), []
    shown = {gettext(text)}
    for code in offered_languages(office.languages) if office else settings.COMPLETE_LANGUAGES:
        with override(code):
            translated = gettext(text)
        if code != active and translated not in shown:
            shown.add(translated)
            pairs.append((code, translated))
    return pairs


@register.filter
def language_name(code: str) -> str:
    """The name of a language in that of the page: němčina, German."""
    return locales.language_name(code, active_language())


@register.simple_tag
def demo_clock() -> str:
    """The demo clock's day and time in the default time zone; empty outside demos."""
    if not settings.DEMO:
        return ""
    moment = clock.now().astimezone(settings.DEFAULT_ZONE)
    day = typography.short_date(moment, active_language())
    return f"{day} {typography.clock(moment)}"


@register.simple_tag
def public_demo() -> bool:
    """Whether this is a public demo, where visitors read only their own messages."""
    return bool(settings.DEMO_PUBLIC)


def first_input_id(bound: BoundField) -> str:
    """The id that a link in the error summary targets; for radios that of the first one."""
    widget = bound.field.widget
    if isinstance(widget, ChoiceWidget) and not isinstance(widget, Select):
        return f"{bound.auto_id}_0"
    return bound.id_for_label


@register.simple_tag
def error_items(
    form: BaseForm | None = None, errors: list[dict[str, str]] | None = None
) -> list[dict[str, str]]:
    """Entries of the error summary: errors of the whole form first, then in order of fields."""
    items = []
    if form is not None and getattr(form, "errors", None):
        items += [{"field_id": "", "text": str(text)} for text in form.non_field_errors()]
        items += [
            {"field_id": first_input_id(bound), "text": str(text)}
            for bound in form
            for text in bound.errors
        ]
    return items + list(errors or [])


@register.filter
def kind(bound: BoundField) -> str:
    """The field's kind: radio, checkbox, checkboxes, select, textarea, hidden or input."""
    widget = bound.field.widget
    if bound.is_hidden:
        return "hidden"
    if isinstance(widget, Select):
        return "select"
    if isinstance(widget, ChoiceWidget):
        return "radio" if widget.input_type == "radio" else "checkboxes"
    input_type = getattr(widget, "input_type", "textarea")
    return input_type if input_type in ("checkbox", "textarea") else "input"
