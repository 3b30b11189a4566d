"""What every page of the console asks of the server."""

from __future__ import annotations

from django import template

from prepazka.accounts.models import User
from prepazka.offices import access
from prepazka.offices.models import Membership, Office
from prepazka.queueing.models import Shift

register = template.Library()


@register.simple_tag
def has_open_counter(office: Office, member: Membership) -> bool:
    """Whether the person is at an open counter of the office; only then has a page lists to renew."""
    shifts = Shift.objects.filter(office=office, clerk=member.user_id, closed_at=None)
    return shifts.exists()


@register.filter
def needs_factor(user: User) -> bool:
    """Whether a role of the person requires a second factor."""
    return access.factor_required(user.pk)
