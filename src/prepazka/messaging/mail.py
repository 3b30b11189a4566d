"""The mails: what they say, and the calendar file they carry."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import formataddr
from typing import Any, NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from icalendar import Calendar, Event, vText

from prepazka.booking import links
from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking
from prepazka.messaging.models import Message
from prepazka.messaging.port import Attachment, Mail
from prepazka.offices.directory import Directory, directory

SUBJECTS = {
    "confirm": gettext_noop("Please confirm your booking"),
    "confirmed": gettext_noop("Your booking is confirmed"),
    "moved": gettext_noop("Your booking has a new term"),
    "cancelled": gettext_noop("Your booking has been cancelled"),
    "reminder": gettext_noop("Reminder of your booking"),
}


class Fact(NamedTuple):
    """One line of what a person must know, the same on the page and in the mail."""

    key: str
    value: str


def compose_mail(message: Message, *, now: datetime) -> Mail:
    """The mail as it would be sent now, in the language of the booking."""
    booking, office = message.booking, directory(message.office)
    with translation.override(booking.language), timezone.override(office.tz):
        context = context_of(booking, office, now=now)
        title = f"{_(SUBJECTS[message.kind])} – {context['when']}"
        return Mail(
            to=booking.email,
            sender=formataddr((str(office.office.name), settings.DEFAULT_FROM_EMAIL)),
            reply_to=office.office.email,
            subject=f"{title} – {office.office.name}",
            text=render_to_string(f"messaging/{message.kind}.txt", context),
            html=render_to_string(f"messaging/{message.kind}.html", context | {"title": title}),
            message_id=f"<{booking.pk}.{message.pk}@{_host()}>",
            # RFC 3834: tells autoresponders not to answer a machine.
            headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
            attachments=()
            if message.kind == "confirm"
            else (
                Attachment(
                    "termin.ics",
                    calendar_file(booking, office, now=now),
                    f"text/calendar; method={_method(booking)}; charset=utf-8",
                ),
            ),
        )


def context_of(booking: Booking, office: Directory, *, now: datetime) -> dict[str, Any]:
    """What the templates of a booking's mails and pages speak of."""
    service = office.services[booking.service_id]
    rules = office.rules_of(service)
    personal = links.sign(booking.pk, "personal")
    return {
        "booking": booking,
        "office": office.office,
        "service": service,
        "rules": rules,
        "when": _when(booking),
        "counts_from": booking.starts_at - timedelta(minutes=rules.early_min),
        "counts_until": booking.ends_at + timedelta(minutes=rules.late_min),
        "facts": facts_of(booking, office),
        "confirm_url": _url("citizen:confirm", links.sign(booking.pk, "confirm")),
        "personal_url": _url("citizen:booking", personal),
        "cancel_url": _url("citizen:cancel", personal),
        "move_url": _url("citizen:move", personal),
        "again_url": _url("citizen:days", office.office.slug, service.code),
    }


def facts_of(booking: Booking, office: Directory) -> list[Fact]:
    """What the page of a booking and all its mails say, in the active language and zone."""
    service = office.services[booking.service_id]
    counters = office.counters_for(service.pk)
    official = official_of(office, booking)
    places = (
        [str(official.place)]
        if official and str(official.place)
        else list(dict.fromkeys(str(c.place) for c in counters if str(c.place)))
    )
    known = (
        Fact(_("Service"), str(service.name)),
        Fact(_("Term"), capfirst(_when(booking))),
        Fact(_("Official"), str(official.name) if official else ""),
        Fact(_("When to come"), _come(booking, office)),
        Fact(_("Persons"), str(booking.persons) if booking.persons > 1 else ""),
        Fact(_("Where"), "; ".join(filter(None, [str(office.office.address), *places]))),
        Fact(_("What to bring"), str(service.documents)),
        Fact(_("Fee"), str(service.fee)),
    )
    return [fact for fact in known if fact.value]


def calendar_file(booking: Booking, office: Directory, *, now: datetime) -> bytes:
    """An iCalendar object (RFC 5545, 5546) of the booking, in UTC; SEQUENCE grows with changes."""
    service = office.services[booking.service_id]
    cancelled = _method(booking) == "CANCEL"
    event = Event()
    event.add("uid", f"{booking.pk}@{_host()}")
    event.add("sequence", booking.sequence)
    event.add("dtstamp", now)
    event.add("dtstart", booking.starts_at)
    event.add("dtend", booking.ends_at)
    event.add("summary", f"{service.name} – {office.office.name}")
    event.add("location", str(office.office.address))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    if booking.pin and not cancelled:
        event.add("description", _("PIN for the kiosk: %(pin)s") % {"pin": booking.pin})
    if not cancelled:
        event.add("url", _url("citizen:booking", links.sign(booking.pk, "personal")))
    event.add("organizer", f"mailto:{office.office.email or settings.DEFAULT_FROM_EMAIL}")
    event["organizer"].params["cn"] = vText(str(office.office.name))
    calendar = Calendar()
    calendar.add("prodid", "-//prepazka//booking//CS")
    calendar.add("version", "2.0")
    calendar.add("method", _method(booking))
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _method(booking: Booking) -> str:
    return "CANCEL" if booking.state.startswith("cancelled") else "PUBLISH"


def _when(booking: Booking) -> str:
    return render_to_string("messaging/_when.txt", {"booking": booking}).strip()


def _come(booking: Booking, office: Directory) -> str:
    rules = office.rules_of(office.services[booking.service_id])
    opens = booking.starts_at - timedelta(minutes=rules.early_min)
    closes = booking.ends_at + timedelta(minutes=rules.late_min) if rules.late_min else None
    context = {"booking": booking, "opens": opens, "closes": closes}
    return render_to_string("messaging/_come.txt", context).strip()


def _url(name: str, *args: str) -> str:
    return settings.BASE_URL + reverse(name, args=args)


def _host() -> str:
    return settings.BASE_URL.split("//", 1)[-1].split(":", 1)[0].split("/", 1)[0]
