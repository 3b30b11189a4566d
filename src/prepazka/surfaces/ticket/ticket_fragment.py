"""The live part of a ticket's page for the edge, requested by every holder after each call."""

from __future__ import annotations

import re
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from prepazka.core import calendar
from prepazka.edge.hot_routes import Own
from prepazka.offices import clock
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_id
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Ticket, TurnAlert
from prepazka.reporting.live_hall import hall_at
from prepazka.reporting.place import announced_place
from prepazka.surfaces.ticket.views import alert_announcement, ticket_context

PART = re.compile("/t/([0-9A-Z]{1,16})/stav/")
TOPICS = frozenset({"queue", "setup", "alerts"})


def ticket_fragment(path: str) -> Own | None:
    """The live part at this path, which also gives its language; None for other paths."""
    url_language = translation.get_language_from_path(path)
    match = PART.fullmatch(path.removeprefix(f"/{url_language}") if url_language else path)
    if match is None:
        return None
    language = url_language or settings.LANGUAGE_CODE
    return Own("ticket", match[1], language, office_of, Look.at_office, TOPICS)


def office_of(code: str) -> int:
    """The id of the ticket's office. Raises LookupError if there is no such ticket."""
    office_id = Ticket.objects.filter(code=code).values_list("office_id", flat=True).first()
    if office_id is None:
        raise LookupError
    return office_id


class Look:
    """A snapshot of the hall at one moment, with the turn alerts of the tickets in it."""

    def __init__(self, office: OfficeSnapshot, now: datetime) -> None:
        self.hall = hall_at(office, now=now)
        self.office, self.now = self.hall.office, now
        self.shown: dict[tuple[str, str], bytes] = {}
        self.tickets = {ticket.code: ticket for ticket in self.hall.tickets.values()}
        self.today = calendar.day_of(now, office.tz)
        alerts = TurnAlert.objects.filter(
            office=office.row, ticket__date=self.today, ticket__state__in=IN_QUEUE
        )
        self.announcements = {alert.ticket_id: alert_announcement(alert) for alert in alerts}

    @classmethod
    def at_office(cls, pk: int) -> Look:
        """The office's snapshot now."""
        return cls(snapshot_by_id(pk), clock.now())

    def show(self, code: str, language: str) -> bytes:
        """The ticket's live part as HTML. Raises LookupError where Django should answer."""
        ticket = self.tickets.get(code) or self._ended(code)
        position = announced_place(self.office, ticket, now=self.now, hall_now=self.hall)
        with translation.override(language), timezone.override(self.office.tz):
            announcement = self.announcements.get(ticket.pk, "")
            context = ticket_context(ticket, self.office, position, announcement, self.now)
            return render_to_string("ticket/_content.html", context).encode()

    def _ended(self, code: str) -> Ticket:
        """A ticket of today that ended; LookupError for one that was issued after the snapshot."""
        today = Ticket.objects.filter(office=self.office.row, date=self.today, code=code)
        ticket = today.exclude(state__in=(*IN_QUEUE, *AT_COUNTER)).first()
        if ticket is None:
            raise LookupError
        return ticket
