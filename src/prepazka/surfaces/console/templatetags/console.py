"""Template tags of the console's pages."""

from __future__ import annotations

from django import template

from prepazka.accounts.models import User
from prepazka.offices import required_steps
from prepazka.offices.models import Membership, Office
from prepazka.queueing.models import Shift

register = template.Library()


@register.simple_tag
def has_open_counter(office: Office, member: Membership) -> bool:
    """Whether the member has an open counter; only then do pages renew off-line lists."""
    shifts = Shift.objects.filter(office=office, clerk=member.user_id, closed_at=None)
    return shifts.exists()


@register.filter
def needs_factor(user: User) -> bool:
    """Whether one of the person's roles requires a second factor."""
    return required_steps.factor_required(user.pk)
