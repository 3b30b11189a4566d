"""The live part of the ticket's page for the edge: all who wait ask for it with every call."""

from __future__ import annotations

import re
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from prepazka.core import calendar
from prepazka.edge.answers import Own
from prepazka.offices import clock
from prepazka.offices.directory import Directory, directory_by_id
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Ticket, TurnAlert
from prepazka.reporting.hall import hall
from prepazka.reporting.place import announced
from prepazka.surfaces.ticket.views import shown, way

PART = re.compile("/t/([0-9A-Z]{1,16})/stav/")
TOPICS = frozenset({"queue", "setup", "alerts"})


def fragment(path: str) -> Own | None:
    """The live part at this address, if there is one; its language is in the address."""
    said = translation.get_language_from_path(path)
    found = PART.fullmatch(path.removeprefix(f"/{said}") if said else path)
    if found is None:
        return None
    language = said or settings.LANGUAGE_CODE
    return Own("ticket", found[1], language, office_of, Look.at_office, TOPICS)


def office_of(code: str) -> int:
    """The office of the ticket. Raises LookupError."""
    found = Ticket.objects.filter(code=code).values_list("office_id", flat=True).first()
    if found is None:
        raise LookupError
    return found


class Look:
    """The hall at one moment, and by which ways those in it are told of their turn."""

    def __init__(self, office: Directory, now: datetime) -> None:
        self.seen = hall(office, now=now)
        self.office, self.now = self.seen.office, now
        self.shown: dict[tuple[str, str], bytes] = {}
        self.tickets = {one.code: one for one in self.seen.tickets.values()}
        self.today = calendar.day_of(now, office.tz)
        alerts = TurnAlert.objects.filter(
            office=office.office, ticket__date=self.today, ticket__state__in=IN_QUEUE
        )
        self.told = {one.ticket_id: way(one) for one in alerts}

    @classmethod
    def at_office(cls, pk: int) -> Look:
        """A look at this moment."""
        return cls(directory_by_id(pk), clock.now())

    def show(self, code: str, language: str) -> bytes:
        """The part of the ticket as HTML. Raises LookupError where Django should answer."""
        ticket = self.tickets.get(code) or self._ended(code)
        place = announced(self.office, ticket, now=self.now, seen=self.seen)
        with translation.override(language), timezone.override(self.office.tz):
            said = shown(ticket, self.office, place, self.told.get(ticket.pk, ""), self.now)
            return render_to_string("ticket/_content.html", said).encode()

    def _ended(self, code: str) -> Ticket:
        """A ticket of today that is no longer in the hall; not one that has come in since."""
        today = Ticket.objects.filter(office=self.office.office, date=self.today, code=code)
        found = today.exclude(state__in=(*IN_QUEUE, *AT_COUNTER)).first()
        if found is None:
            raise LookupError
        return found
