"""The state of a ticket in one sentence, for the page, its title and a screen reader."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from prepazka.looks import typography
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import TicketState
from prepazka.reporting.place import Place
from prepazka.web import missed_call_texts


def ticket_headline(position: Place, office: OfficeSnapshot, now: datetime) -> str:
    """The ticket's state in one sentence for its holder."""
    ticket, counter = position.ticket, position.counter.number if position.counter else ""
    if ticket.state == TicketState.PARKED and ticket.parked_until and ticket.parked_until > now:
        until = typography.clock(timezone.localtime(ticket.parked_until))
        return _("You are letting others go first until %(until)s") % {"until": until}
    return {
        TicketState.WAITING: _("You are waiting"),
        TicketState.PARKED: _("You are waiting"),
        TicketState.CALLED: _("We are calling you now: counter %(counter)s") % {"counter": counter},
        TicketState.SERVING: _("You are at counter %(counter)s") % {"counter": counter},
        TicketState.FINISHED: _("Done. Thank you for your visit"),
        TicketState.NO_SHOW: missed_call_texts.to_holder(ticket, office)
        or _("We called you, but nobody came"),
        TicketState.CANCELLED: _("This ticket is no longer valid"),
    }[TicketState(ticket.state)]
