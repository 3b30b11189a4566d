"""The words, the link and the QR code of a ticket on paper, the same for every printer."""

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
from prepazka.offices.directory import Directory
from prepazka.offices.models import Counter, Device, Service
from prepazka.offices.text import without_repeats
from prepazka.queueing.models import Ticket
from prepazka.reporting.place import Place, announced

# More places than these are no help: the screen says which.
MOST_PLACES = 2


def slip_of(office: Directory, ticket: Ticket, *, now: datetime) -> Slip:
    """The words on the paper, in the language of the ticket; no name is ever among them."""
    with translation.override(ticket.language):
        place = announced(office, ticket, now=now)
        czech = office.services[ticket.service_id].name.get("cs", "")
        return Slip(
            office=str(office.office.name),
            title=pgettext("on a ticket", "Your number"),
            number=ticket.label,
            service=str(place.service.name),
            second="" if typography.is_czech(ticket.language) else czech,
            facts=tuple(_facts(office, place, now)),
            link=link_of(ticket),
            link_note=_("Follow the queue on your phone:"),
            foot=_("Not valid after %(moment)s")
            % {"moment": _moment(place.valid_until.astimezone(office.tz))},
        )


def link_of(ticket: Ticket) -> str:
    """The address of the ticket's own page, in the language of the ticket."""
    with translation.override(ticket.language):
        return settings.BASE_URL + reverse("ticket:page", args=[ticket.code])


def qr_image(link: str) -> str:
    """A QR code as the address of an image."""
    return str(segno.make(link, error="m").svg_data_uri(scale=4, border=2))


def where_to_wait(office: Directory, service: Service, ticket: Ticket | None = None) -> str:
    """The sentence that says where holders wait, in the active language; empty where it is unclear.

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
    where = pgettext("between two places", " or ").join(without_repeats(distinct))
    language = translation.get_language() or "cs"
    return typography.nbsp(_("Wait here: %(place)s") % {"place": where}, language)


def _how_called(office: Directory, service: Service, ticket: Ticket) -> str:
    """How the turn is made known: on which display, where the office has several."""
    if not _has_screen(office):
        return _("You will be called by this number.")
    displays = displays_of(office.office, _counters_of(office, service, ticket))
    if not displays or len(displays) > MOST_PLACES:
        return _("The screen shows your number and the counter when it is your turn.")
    names = pgettext("between two places", " or ").join(displays)
    language = translation.get_language() or "cs"
    return typography.nbsp(
        _("Your number appears here: %(display)s") % {"display": names}, language
    )


def _counters_of(office: Directory, service: Service, ticket: Ticket) -> list[Counter]:
    """The counters that may call the ticket, known from where it goes or whom it is to meet."""
    official = official_of(office, ticket.booking) if ticket.booking else None
    if ticket.for_counter_id:
        return [office.counters[ticket.for_counter_id]]
    if official and official.counter_id:
        return [office.counters[official.counter_id]]
    return office.counters_for(service.pk)


def _has_screen(office: Directory) -> bool:
    shown = Device.objects.filter(office=office.office, kind=Device.Kind.DISPLAY, retired=False)
    return any(
        options.get("layout") != "door" for options in shown.values_list("options", flat=True)
    )


def _facts(office: Directory, place: Place, now: datetime) -> list[str]:
    ticket = place.ticket
    facts = [_("Issued: %(moment)s") % {"moment": _moment(ticket.issued_at.astimezone(office.tz))}]
    if ticket.booked_from and ticket.booked_to:
        start, end = (m.astimezone(office.tz) for m in (ticket.booked_from, ticket.booked_to))
        span = typography.span(start, end, ticket.language)
        facts.append(_("Booked for %(span)s") % {"span": span})
        if ticket.booked_from > now and not ticket.late:
            facts.append(
                _("Your turn comes from %(time)s; perhaps sooner if nobody else waits.")
                % {"time": typography.clock(start)}
            )
    if place.ahead is not None:
        facts.append(people_ahead(place.ahead))
    if place.wait:
        facts.append(
            _("Estimated wait: %(wait)s")
            % {"wait": typography.usual_wait(place.wait[1], ticket.language, thin=place.thin)}
        )
    elif place.opens_at and place.opens_at.astimezone(office.tz).date() == ticket.date:
        opens = typography.clock(place.opens_at.astimezone(office.tz))
        facts.append(_("The counter opens: %(time)s") % {"time": opens})
    where = where_to_wait(office, place.service, ticket)
    return [*facts, *filter(None, [where]), _how_called(office, place.service, ticket)]


def people_ahead(ahead: int) -> str:
    """How many go before, in words."""
    if ahead == 0:
        return _("Nobody is ahead of you")
    return ngettext("%(n)s person ahead of you", "%(n)s people ahead of you", ahead) % {"n": ahead}


def _moment(local: datetime) -> str:
    language = translation.get_language() or "cs"
    return f"{typography.short_date(local, language)} {typography.clock(local)}"
