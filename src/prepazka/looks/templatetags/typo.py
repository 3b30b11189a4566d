"""Typography as template filters, in the active language and the active (office's) time zone."""
from datetime import date, datetime

from django import template
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import get_language

from prepazka.looks import typography

register = template.Library()


def _language() -> str:
    return get_language() or "cs"


def _local(value):
    """An aware moment in the active time zone; anything else unchanged."""
    return timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value


@register.filter
def cs_date(value: date | None) -> str:
    return typography.short_date(_local(value), _language()) if value else ""


@register.filter
def long_date(value: date | None) -> str:
    return typography.long_date(_local(value), _language()) if value else ""


@register.filter
def clock(value) -> str:
    return typography.clock(_local(value)) if value is not None else ""


@register.simple_tag
def span(start, end) -> str:
    return typography.span(_local(start), _local(end), _language())


@register.filter
def minutes(value) -> str:
    return typography.minutes(value, _language()) if value is not None else ""


@register.simple_tag
def minutes_range(low: int, high: int) -> str:
    return typography.minutes_range(low, high, _language())


@register.filter(is_safe=True, needs_autoescape=True)
def nbsp(value, autoescape=True) -> str:
    text = conditional_escape(value) if autoescape else str(value)
    return mark_safe(typography.nbsp(text, _language()))  # escaped just above, and only spaces are changed


@register.filter
def phone(value: str) -> str:
    return typography.phone(str(value)) if value else ""


@register.filter
def pin_groups(value) -> str:
    """Groups by CSS margins alone, so that copying gives the bare digits; read aloud digit by digit."""
    pin = str(value)
    groups = format_html_join("", '<span class="pin__group">{}</span>', ((part,) for part in typography.pin_pairs(pin)))
    return format_html(
        '<span class="pin"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span></span>',
        groups,
        " ".join(pin),
    )
