"""Outside calendars in words: how old what we know is, and why it is not newer."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from prepazka.booking.models import OutsideCalendar
from prepazka.looks.templatetags.typo import clock, cs_date
from prepazka.offices.models import Official

REASONS = {
    "forbidden": gettext_lazy("its address lies in a network that may not be read from here"),
    "unreachable": gettext_lazy("its server cannot be reached"),
    "slow": gettext_lazy("its server answers too slowly"),
    "denied": gettext_lazy("the name or the password does not hold there"),
    "missing": gettext_lazy("there is no calendar at the address"),
    "broken": gettext_lazy("its server has a fault"),
    "big": gettext_lazy("it is too large"),
    "garbage": gettext_lazy("what the address answers is no calendar"),
    "sealed": gettext_lazy("its password must be written again"),
}


def outside_of(official: Official) -> list[dict[str, Any]]:
    """The official's outside calendars with their state as a sentence."""
    rows = OutsideCalendar.objects.filter(official=official).order_by("pk")
    return [
        {
            "row": one,
            "host": urlsplit(one.url).hostname,
            "failed": bool(one.failure),
            "said": said_of(one),
        }
        for one in rows
    ]


def said_of(one: OutsideCalendar) -> str:
    """The state of the calendar; the server is named, the secret part of its address is not."""
    known = {
        "host": urlsplit(one.url).hostname,
        "why": REASONS.get(one.failure, ""),
        "when": f"{cs_date(one.refreshed_at)} {clock(one.refreshed_at)}".strip(),
    }
    if one.failure == "partly":
        return _("The calendar at %(host)s was read %(when)s, but some events not at all.") % known
    if one.failure and one.refreshed_at:
        return (
            _(
                "The calendar at %(host)s cannot be read: %(why)s. What was read %(when)s still"
                " holds."
            )
            % known
        )
    if one.failure:
        return _("The calendar at %(host)s has not been read yet: %(why)s.") % known
    if one.refreshed_at:
        return _("The calendar at %(host)s was read %(when)s.") % known
    return _("The calendar at %(host)s will be read within a few minutes.") % known
