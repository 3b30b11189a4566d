"""What every page of the head asks of the server."""

from __future__ import annotations

from django import template

from prepazka.booking import networks
from prepazka.offices.directory import directory
from prepazka.offices.models import Office
from prepazka.web.shortcuts import now

register = template.Library()


@register.simple_tag
def crowd_of(office: Office) -> int:
    """How many times are kept and not confirmed, where that is more than usual; else nothing."""
    snapshot = directory(office)
    kept = networks.kept_of(snapshot, now=now())
    return kept if kept >= networks.ceiling_of(snapshot) else 0
