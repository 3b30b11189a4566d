"""The content of a printed ticket (texts, link, QR code), the same for every printer."""

from __future__ import annotations

from datetime import datetime

import segno
from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from prepazka.booking.diaries import official_of
from prepazka.gateways.printer import Slip
from prepazka.looks import typography
from prepazka.offices.devices import displays_of
from prepazka.offices.languages import active_language
from prepazka.offices.models import Counter, Device, Service
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.offices.text import without_repeats
from prepazka.queueing.models import Ticket
from prepazka.reporting.place import Place, announced_place

# With more places than these the sentence is left out, as it would not help.
MOST_PLACES = 2


def slip_of(office: OfficeSnapshot, ticket: Ticket, *, now: datetime) -> Slip:
    """The slip of the ticket in its language; contains no personal name."""
    with translation.override(ticket.language):
        position = announced_place(office, ticket, now=now)
        czech = office.services[ticket.service_id].name.get("cs", "")
        return Slip(
            office=str(office.row.name),
            title=pgettext("on a ticket", "Your number"),
            number=ticket.label,
            service=str(position.service.name),
            second="" if typography.is_czech(ticket.language) else czech,
            facts=tuple(_facts(office, position, now)),
            link=link_of(ticket),
            link_note=_("Follow the queue on your phone:"),
            foot=_("Not valid after %(moment)s")
            % {"moment": _moment(position.valid_until.astimezone(office.tz))},
        )


def link_of(ticket: Ticket) -> str:
    """The address of the ticket's page in the ticket's language."""
    with translation.override(ticket.language):
        return settings.BASE_URL + reverse("ticket:page", args=[ticket.code])


def qr_image(link: str) -> str:
    """A QR code as a data URL."""
    return str(segno.make(link, error="m").svg_data_uri(scale=4, border=2))


def where_to_wait(office: OfficeSnapshot, service: Service, ticket: Ticket | None = None) -> str:
    """The sentence on where to wait, in the active language; empty if there are too many places.

    With `ticket`, the door of its official or the counter it was transferred to, else the places
    of the counters that serve the service.
    """
    places = [str(counter.place) for counter in office.counters_for(service.pk)]
    official = official_of(office, ticket.booking) if ticket and ticket.booking else None
    if ticket and ticket.for_counter_id:
        places = [str(office.counters[ticket.for_counter_id].place)]
    elif official and str(official.place):
        places = [str(official.place)]
    distinct = list(dict.fromkeys(filter(None, places)))
    if not distinct or len(distinct) > MOST_PLACES:
        return ""
    places_in_words = pgettext("between two places", " or ").join(without_repeats(distinct))
    language = active_language()
    return typography.nbsp(_("Wait here: %(place)s") % {"place": places_in_words}, language)


def _how_called(office: OfficeSnapshot, service: Service, ticket: Ticket) -> str:
    """The sentence on how the ticket will be called, naming displays if there are several."""
    if not _has_screen(office):
        return _("You will be called by this number.")
    displays = displays_of(office.row, _counters_of(office, service, ticket))
    if not displays or len(displays) > MOST_PLACES:
        return _("The screen shows your number and the counter when it is your turn.")
    names = pgettext("between two places", " or ").join(displays)
    language = active_language()
    return typography.nbsp(
        _("Your number appears here: %(display)s") % {"display": names}, language
    )


def _counters_of(office: OfficeSnapshot, service: Service, ticket: Ticket) -> list[Counter]:
    """The counters that may call the ticket, by its transfer, official or service."""
    official = official_of(office, ticket.booking) if ticket.booking else None
    if ticket.for_counter_id:
        return [office.counters[ticket.for_counter_id]]
    if official and official.counter_id:
        return [office.counters[official.counter_id]]
    return office.counters_for(service.pk)


def _has_screen(office: OfficeSnapshot) -> bool:
    displays = Device.objects.filter(office=office.row, kind=Device.Kind.DISPLAY, retired=False)
    return any(
        options.get("layout") != "door" for options in displays.values_list("options", flat=True)
    )


def _facts(office: OfficeSnapshot, position: Place, now: datetime) -> list[str]:
    ticket = position.ticket
    facts = [_("Issued: %(moment)s") % {"moment": _moment(ticket.issued_at.astimezone(office.tz))}]
    if ticket.booked_from and ticket.booked_to:
        start, end = (m.astimezone(office.tz) for m in (ticket.booked_from, ticket.booked_to))
        span = typography.span(start, end, ticket.language)
        facts.append(_("Booked for %(span)s") % {"span": span})
        if ticket.booked_from > now and not ticket.late:
            facts.append(
                _("Your turn comes from %(time)s, or sooner if nobody else is waiting.")
                % {"time": typography.clock(start)}
            )
    if position.ahead is not None:
        facts.append(people_ahead(position.ahead))
    if position.wait:
        facts.append(
            _("Estimated wait: %(wait)s")
            % {"wait": typography.usual_wait(position.wait[1], ticket.language, thin=position.thin)}
        )
    elif position.opens_at and position.opens_at.astimezone(office.tz).date() == ticket.date:
        opens = typography.clock(position.opens_at.astimezone(office.tz))
        facts.append(_("The counter opens: %(time)s") % {"time": opens})
    waiting_place = where_to_wait(office, position.service, ticket)
    return [*facts, *filter(None, [waiting_place]), _how_called(office, position.service, ticket)]


def people_ahead(ahead: int) -> str:
    """The number of people ahead as a sentence."""
    if ahead == 0:
        return _("Nobody is ahead of you")
    return ngettext("%(n)s person ahead of you", "%(n)s people ahead of you", ahead) % {"n": ahead}


def _moment(local: datetime) -> str:
    language = active_language()
    return f"{typography.short_date(local, language)} {typography.clock(local)}"
