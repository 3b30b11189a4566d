"""Typography as template filters, in the active language and the active (office's) time zone."""

from datetime import date, datetime, time, timedelta
from typing import Any, cast

from django import template
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import mark_safe

from prepazka.looks import typography
from prepazka.offices.languages import active_language

register = template.Library()


def _language() -> str:
    return active_language()


def _local(moment: Any) -> Any:
    """An aware datetime in the active time zone; anything else unchanged."""
    return (
        timezone.localtime(moment)
        if isinstance(moment, datetime) and timezone.is_aware(moment)
        else moment
    )


@register.filter
def cs_date(day: date | None) -> str:
    """Show 20. 11. 2026."""
    return typography.short_date(_local(day), _language()) if day else ""


@register.filter
def long_date(day: date | None) -> str:
    """Show pátek 20. listopadu 2026."""
    return typography.long_date(_local(day), _language()) if day else ""


@register.filter
def at_clock(moment: time | datetime | None) -> str:
    """Show v 8:00, ve 13:40."""
    return typography.at_clock(_local(moment), _language()) if moment is not None else ""


@register.filter
def on_day_at(moment: datetime | None, now: datetime) -> str:
    """Show dnes v 8:00, v pondělí 28. prosince ve 13:30, as seen from `now`."""
    if moment is None:
        return ""
    return typography.on_day_at(_local(moment), _local(now).date(), _language())


@register.filter
def day_and_month(day: date | None) -> str:
    """Show 20. listopadu."""
    return typography.day_and_month(_local(day), _language()) if day else ""


@register.filter
def month_and_year(day: date) -> str:
    """Show listopad 2026."""
    return typography.month_and_year(day, _language())


@register.simple_tag
def date_span(first_day: date, last_day: date) -> str:
    """Show 1.–18. prosince 2026."""
    return typography.date_span(first_day, last_day, _language())


@register.filter
def clock(moment: time | datetime | None) -> str:
    """Show 8:30."""
    return typography.clock(_local(moment)) if moment is not None else ""


@register.simple_tag
def span(start: datetime | time, end: datetime | time) -> str:
    """Show 8:30–9:00."""
    return typography.span(_local(start), _local(end), _language())


@register.filter
def minutes(duration: timedelta | float | None) -> str:
    """Show 1 hodina 5 minut."""
    return typography.minutes(duration, _language()) if duration is not None else ""


@register.simple_tag
def usual_wait(expected: Any) -> str:
    """Show obvykle do 20 minut."""
    return typography.usual_wait(expected.span[1], _language(), thin=expected.thin)


@register.simple_tag
def usual_minutes(high: int, thin: bool) -> str:  # noqa: FBT001  # templates pass by position
    """The usual wait of at most `high` minutes in words."""
    return typography.usual_wait(high, _language(), thin=thin)


@register.simple_tag
def minutes_range(low: int, high: int) -> str:
    """Show 20–30 minut."""
    return typography.minutes_range(low, high, _language())


@register.filter(is_safe=True, needs_autoescape=True)
def nbsp(text: object, autoescape: bool = True) -> str:  # noqa: FBT001, FBT002 - Django passes it
    """The text with non-breaking spaces; text is escaped, safe markup stays.

    An office's text in another language than the page's becomes an element with its language.
    """
    text = str(text) if isinstance(text, dict) else text
    language = getattr(text, "language", "")
    safe = conditional_escape(cast("str", text)) if autoescape else str(text)
    tied = mark_safe(typography.nbsp(safe, language or _language()))  # noqa: S308 - escaped above
    return format_html('<span lang="{}">{}</span>', language, tied) if language else tied


@register.filter
def own(text: object) -> str:
    """An office's text as `nbsp` shows it, but with its spaces as they are."""
    text = str(text) if isinstance(text, dict) else text
    language = getattr(text, "language", "")
    escaped = conditional_escape(cast("str", text))
    return format_html('<span lang="{}">{}</span>', language, escaped) if language else escaped


@register.filter
def phone(number: str) -> str:
    """Show 777 123 456."""
    return typography.phone(str(number)) if number else ""


@register.filter
def heading(text: object) -> str:
    """The first sentence of a text, for the heading of a page."""
    return typography.first_sentence(str(text))[0]


@register.filter
def after_heading(text: object) -> str:
    """The text after its first sentence; it may be empty."""
    return typography.first_sentence(str(text))[1]


@register.filter
def to_dial(text: object, number: str) -> str:
    """The text as HTML; the telephone number in it, formatted or not, is a link that calls it."""
    formatted = typography.phone(number)
    occurrence = next((form for form in (number, formatted) if form and form in str(text)), "")
    if not occurrence:
        return nbsp(text)
    before, _occurrence, after = str(text).partition(occurrence)
    link = format_html('<a class="nowrap" href="tel:{}">{}</a>', "".join(number.split()), formatted)
    return format_html("{}{}{}", nbsp(before), link, nbsp(after))


@register.filter
def pin_groups(number: object) -> str:
    """The PIN as HTML grouped by CSS margins: copies as plain digits, is read digit by digit."""
    pin = str(number)
    groups = format_html_join(
        "", '<span class="pin__group">{}</span>', ((pair,) for pair in typography.pin_pairs(pin))
    )
    return format_html(
        '<span class="pin"><span aria-hidden="true">{}</span><span class="visually-hidden">{}</span></span>',
        groups,
        " ".join(pin),
    )
