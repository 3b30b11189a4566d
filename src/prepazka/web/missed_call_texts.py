"""Missed calls as texts, for the ticket's holder and for staff."""

from __future__ import annotations

from django.utils.translation import gettext as _

from prepazka.looks.typography import at_clock
from prepazka.offices.languages import active_language
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket


def to_holder(ticket: Ticket, office: OfficeSnapshot) -> str:
    """When and where the holder missed a call, without a full stop; "" if there was none."""
    return _filled(ticket, office, _("We called you %(at)s to counter %(counter)s"))


def to_staff(ticket: Ticket, office: OfficeSnapshot) -> str:
    """When and where the ticket's call was missed, for staff; "" if there was none."""
    return _filled(ticket, office, _("called %(at)s to counter %(counter)s, did not come"))


def _filled(ticket: Ticket, office: OfficeSnapshot, text: str) -> str:
    if ticket.missed_call is None:
        return ""
    called_at, counter = ticket.missed_call
    return text % {
        "at": at_clock(called_at.astimezone(office.tz), active_language()),
        "counter": office.counters[counter].number,
    }
