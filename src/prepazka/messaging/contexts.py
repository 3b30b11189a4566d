"""Template contexts of messages and of the pages of a booking."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from prepazka.booking import booking_links
from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking, BookingState, Offer, WaitingListEntry, WaitingListState
from prepazka.core import calendar
from prepazka.journal.models import Event
from prepazka.meetings.models import Meeting, Participant
from prepazka.meetings.participants import citizen_of, room_path
from prepazka.messaging.models import Message
from prepazka.offices import incident_texts
from prepazka.offices.devices import displays_of
from prepazka.offices.incident_texts import cause_in_words
from prepazka.offices.models import Incident, Mode, Official, Room, Service, System
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.offices.text import without_repeats
from prepazka.queueing.models import Ticket, TicketState, TurnAlert

ALL_DAY = (0, 1440)
DASH = "\u2013"


class Fact(NamedTuple):
    """One labelled line of a booking, the same on the page and in the mail."""

    key: str  # names the fact in code; the label is translated
    label: str
    value: str


WHAT_AND_WHEN = ("service", "appointment")  # what is left to say once a visit is over
MEETING = (*WHAT_AND_WHEN, "official", "mode")


def facts_with(facts: Iterable[Fact], keys: Collection[str]) -> list[Fact]:
    """Those of the facts that have one of the keys, in their order."""
    return [fact for fact in facts if fact.key in keys]


def facts_without(facts: Iterable[Fact], keys: Collection[str]) -> list[Fact]:
    """The facts that have none of the keys."""
    return [fact for fact in facts if fact.key not in keys]


class OfferedSlot(NamedTuple):
    """One slot of an offer: its number in a reply, time, official, and the URL that accepts it."""

    number: int
    booking: Booking
    when: str
    official: str
    url: str


def context_of_participant(
    participant: Participant, booking: Booking, office: OfficeSnapshot
) -> dict[str, Any]:
    """The context for a participant: without PIN, contact and links of the person who booked."""
    return {
        "participant": participant,
        "office": office.row,
        "service": office.services[booking.service_id],
        "when": when_of(booking),
        "facts": facts_of(booking, office, invited=True),
        "late_min": participant.meeting.late_min,
        "room_url": room_url(booking, office, participant),
        **context_of_room(booking, office),
    }


def context_of_room(booking: Booking, office: OfficeSnapshot) -> dict[str, Any]:
    """Whether a video meeting is held by telephone instead, and the office's number."""
    rows = Meeting.objects.filter(booking=booking, provider=Room.TELEPHONE)
    official = official_of(office, booking)
    by_phone = booking.mode == Mode.VIDEO and rows.exists()
    return {
        "by_phone": by_phone,
        "call": ((official.phone if official else "") or office.row.phone) if by_phone else "",
    }


def room_details(
    message: Message, context: Mapping[str, Any], office: OfficeSnapshot
) -> Mapping[str, Any]:
    """Values for a message to the person who booked a meeting that has another room."""
    booking = message.booking
    assert booking is not None  # noqa: S101  # only bookings have rooms
    room = context_of_room(booking, office)
    return {
        **room,
        "join": join_in_words(booking, office),
        "facts": _facts_of_room({**context, **room}),
    }


def participant_room_details(
    _message: Message, context: Mapping[str, Any], _office: OfficeSnapshot
) -> Mapping[str, Any]:
    """Values for a message to a participant of a meeting that has another room."""
    return {"facts": _facts_of_room(context)}


def colleague_details(
    message: Message, _context: Mapping[str, Any], office: OfficeSnapshot
) -> Mapping[str, Any]:
    """Values for a message about a colleague who cannot come."""
    event = Event.objects.filter(pk=message.event).first()
    colleague = office.officials.get(event.data["official"]) if event else None
    return {
        "colleague": str(colleague.name) if colleague else _("A colleague"),
        "meetings_url": url_of("console:meetings", office.slug),
    }


def _facts_of_room(context: Mapping[str, Any]) -> list[Fact]:
    """The facts of a meeting that has another room, with the telephone as the mode if it is one."""
    by_phone = capfirst(how_in_words(Mode.PHONE))
    return [
        fact._replace(value=by_phone) if context["by_phone"] and fact.key == "mode" else fact
        for fact in context["facts"]
    ]


def join_in_words(booking: Booking, office: OfficeSnapshot) -> str:
    """How to join a meeting that has another room, as the end of a sentence."""
    room = context_of_room(booking, office)
    if not room["by_phone"]:
        return _("in another room, your link holds")
    if not room["call"]:
        return _("by telephone, we will call you")
    if booking.phone:
        return _("by telephone, we will call you; our number is %(number)s") % {
            "number": room["call"]
        }
    return _("by telephone, please call %(number)s") % {"number": room["call"]}


def room_url(
    booking: Booking, office: OfficeSnapshot, participant: Participant | None = None
) -> str:
    """The URL of the participant's room, by default of the person who booked; empty if none."""
    participant = participant or citizen_of(booking)
    if participant is None or booking.mode != Mode.VIDEO:
        return ""
    return settings.BASE_URL + room_path(participant, office.slug)


def how_in_words(mode: str) -> str:
    """The mode of a meeting in words."""
    return {
        Mode.PERSON: _("in person at the office"),
        Mode.PHONE: _("by telephone"),
        Mode.VIDEO: _("by video in a web browser"),
    }[Mode(mode)]


def no_show_in_words() -> str:
    """The label of a no-show for the staff."""
    return _("did not come")


def mail_placeholders(context: dict[str, Any]) -> dict[str, str]:
    """The values of placeholders in an office's own texts of mails, from the template context."""
    booking, service = context.get("booking"), context["service"]
    facts = {fact.key: fact.value for fact in context["facts"]}
    waits = booking is not None and booking.state == BookingState.UNCONFIRMED
    link = context.get("offer_url") or context.get("entry_url") or context.get("ticket_url")
    until = context.get("offer_until") or (booking.expires_at if booking and waits else None)
    slots = "\n".join(f"{t.number}) {t.when}: {t.url}" for t in context.get("slots", ()))
    return {
        "office": str(context["office"].name),
        "service": str(service.name),
        "when": context.get("when", ""),
        "come": facts.get("arrival", ""),
        "official": facts.get("official", ""),
        "place": facts.get("place", ""),
        "bring": str(service.documents),
        "fee": str(service.fee),
        "pin": booking.pin if booking else "",
        "how": how_in_words(booking.mode) if booking else "",
        "minutes": str(context.get("late_min", "")),
        "join": context.get("join", ""),
        "remote": "1" if booking and booking.mode != Mode.PERSON else "",
        "link": link or context["confirm_url" if waits else "personal_url"],
        "move": context.get("move_url", ""),
        "cancel": context.get("cancel_url", ""),
        "again": context["again_url"],
        "until": date_format(timezone.localtime(until), "j.\u00a0n. G:i") if until else "",
        "terms": slots,
        "what": context.get("what", ""),
        "system": context.get("system", ""),
        "expected": context.get("expected", ""),
        "number": context.get("number", ""),
        "counter": context.get("counter", ""),
    }


def incident_of(message: Message) -> Incident:
    """The incident that the message is about; an unsaved sample in a preview."""
    event = Event.objects.filter(pk=message.event).first()
    if event and "incident" in event.data:
        incident = Incident.objects.select_related("system").get(pk=event.data["incident"])
        if system_id := event.data.get("system"):  # as of the event; the row is not saved
            incident.system = System.objects.get(pk=system_id)
        return incident
    assert message.booking is not None  # noqa: S101  # incidents are told to those who booked
    system = System(name=message.booking.service.agenda.name)
    return Incident(system=system, cause=Incident.Cause.DOWN, office=message.office)


def incident_details(
    message: Message, _context: Mapping[str, Any], office: OfficeSnapshot
) -> Mapping[str, Any]:
    """Values for a message about an incident."""
    assert message.booking is not None  # noqa: S101  # incidents are told to those who booked
    incident = incident_of(message)
    return {
        "incident": incident,
        "cause": cause_in_words(incident),
        "waits": is_in_hall(message.booking),
        **_incident_texts(incident, office),
    }


def sms_incident_values(message: Message, office: OfficeSnapshot) -> Mapping[str, str]:
    """Values for a short message about an incident."""
    return _incident_texts(incident_of(message), office)


def sms_booking_choices(message: Message, office: OfficeSnapshot) -> Mapping[str, str]:
    """The bookings of the question which one is meant, with the numbers to reply."""
    event = Event.objects.filter(pk=message.event, kind="ReplyAmbiguous").first()
    if event is None:
        return {}  # a sample in a preview
    booking_ids = event.data["bookings"]
    rows = Booking.objects.in_bulk(booking_ids, field_name="id")
    starts = {str(pk): start_in_words(row) for pk, row in rows.items()}
    numbered = enumerate(booking_ids, start=1)
    return {
        "terms": ", ".join(f"{number}) {starts[pk]}" for number, pk in numbered if pk in starts)
    }


def start_in_words(booking: Booking) -> str:
    """The day and time of the start as short as in an SMS."""
    return date_format(timezone.localtime(booking.starts_at), "j.n. G:i")


def _incident_texts(incident: Incident, office: OfficeSnapshot) -> dict[str, str]:
    return {
        "system": str(incident.system.name),
        "what": incident_texts.incident_in_words(incident, office),
        "expected": incident_texts.end_in_words(incident, office.tz),
    }


def is_in_hall(booking: Booking) -> bool:
    """Whether the person has arrived and has not missed the call."""
    missed = Ticket.objects.filter(booking=booking, state=TicketState.NO_SHOW)
    return booking.state == BookingState.ARRIVED and not missed.exists()


def context_of_alert(alert: TurnAlert, office: OfficeSnapshot) -> dict[str, Any]:
    """The template context of a ticket's turn."""
    ticket, service = alert.ticket, office.services[alert.service_id]
    counter = office.counters.get(ticket.counter_id) if ticket.counter_id else None
    counter_place = str(counter.place) if counter else ""
    facts = (
        Fact("number", _("Number"), ticket.label),
        Fact(
            "counter",
            _("Counter"),
            ", ".join(filter(None, [counter.number, counter_place])) if counter else "",
        ),
        Fact("service", _("Service"), str(service.name)),
        Fact("place", _("Where"), str(office.row.address)),
    )
    return {
        "office": office.row,
        "service": service,
        "number": ticket.label,
        "counter": counter.number if counter else "",
        "ticket_url": url_of("ticket:page", ticket.code),
        "again_url": url_of("citizen:office", office.slug),
        "facts": [fact for fact in facts if fact.value],
    }


def context_of_entry(entry: WaitingListEntry, office: OfficeSnapshot) -> dict[str, Any]:
    """The template context of a waiting-list entry."""
    service = office.services[entry.service_id]
    return {
        "entry": entry,
        "join_url": settings.BASE_URL + join_path(entry, office),
        "office": office.row,
        "service": service,
        "entry_url": short_url(entry.short_code),
        "again_url": url_of("citizen:days", office.slug, service.code),
        "confirmed": entry.state != WaitingListState.UNCONFIRMED,
        "facts": wish_facts(entry, office),
    }


def join_path(entry: WaitingListEntry, office: OfficeSnapshot) -> str:
    """The path of the page on which the person can join the waiting list again."""
    if entry.booking:
        return reverse(
            "citizen:sooner", args=[booking_links.sign_token(entry.booking.pk, "personal")]
        )
    service = office.services[entry.service_id]
    return reverse("citizen:wish", args=[office.slug, service.code])


def wish_facts(entry: WaitingListEntry, office: OfficeSnapshot) -> list[Fact]:
    """The facts of a waiting-list entry, in the active language."""
    service = office.services[entry.service_id]
    official = office.officials[entry.official_id] if entry.official_id else None
    sooner = when_of(entry.booking) if entry.booking else ""
    days = render_to_string("messaging/_days.txt", {"entry": entry}).strip()
    weekdays = ", ".join(str(WEEKDAYS[weekday]) for weekday in entry.weekdays)
    facts = (
        Fact("service", _("Service"), str(service.name)),
        Fact("official", _("Official"), str(official.name) if official else ""),
        Fact("sooner_than", _("Earlier than"), sooner),
        Fact("days", _("Days"), "" if sooner else days),
        Fact("weekdays", _("Days of the week"), "" if sooner else weekdays),
        Fact(
            "times", _("Times"), "" if (entry.from_min, entry.to_min) == ALL_DAY else _hours(entry)
        ),
        Fact("persons", _("Number of people"), str(entry.persons) if entry.persons > 1 else ""),
    )
    return [fact for fact in facts if fact.value]


def _hours(entry: WaitingListEntry) -> str:
    start, end = (f"{m // 60}:{m % 60:02}" for m in (entry.from_min, entry.to_min))
    return f"{start}{DASH}{end}"


def context_of_offer(offer: Offer, office: OfficeSnapshot) -> dict[str, Any]:
    """The template context of an offer."""
    return {
        "offer": offer,
        "offer_url": short_url(offer.short_code),
        "offer_until": offer.expires_at,
        "slots": offered_slots(offer, office),
    }


def offered_slots(offer: Offer, office: OfficeSnapshot) -> list[OfferedSlot]:
    """The slots of an offer, numbered by time, then by lane."""
    slots = []
    claims = sorted(offer.claims.all(), key=lambda claim: (claim.starts_at, claim.lane_id))
    for number, claim in enumerate(claims, start=1):
        official = official_of(office, claim)
        slots.append(
            OfferedSlot(
                number=number,
                booking=claim,
                when=when_of(claim),
                official=str(official.name) if official else "",
                url=f"{short_url(offer.short_code)}?termin={number}",
            )
        )
    return slots


def context_of(booking: Booking, office: OfficeSnapshot, *, now: datetime) -> dict[str, Any]:
    """The template context of a booking."""
    service = office.services[booking.service_id]
    rules = office.rules_of(service)
    personal, facts = booking_links.sign_token(booking.pk, "personal"), facts_of(booking, office)
    return {
        "booking": booking,
        "office": office.row,
        "service": service,
        "rules": rules,
        "when": when_of(booking),
        "late_min": late_min(booking),
        "room_url": room_url(booking, office),
        "counts_from": rules.counts_from(booking.starts_at),
        "counts_until": rules.counts_until(booking.ends_at),
        "facts": facts,
        "what_and_when": facts_with(facts, WHAT_AND_WHEN),
        "confirm_url": url_of("citizen:confirm", booking_links.sign_token(booking.pk, "confirm")),
        "personal_url": url_of("citizen:booking", personal),
        "cancel_url": url_of("citizen:cancel", personal),
        "move_url": url_of("citizen:move", personal),
        "again_url": url_of("citizen:days", office.slug, service.code),
    }


def late_min(booking: Booking) -> int:
    """The announced delay of the booking's meeting in minutes."""
    if booking.mode != Mode.VIDEO:
        return 0
    minutes = Meeting.objects.filter(booking=booking).values_list("late_min", flat=True).first()
    return minutes or 0


def facts_of(booking: Booking, office: OfficeSnapshot, *, invited: bool = False) -> list[Fact]:
    """The facts of a booking for its page and mails, in the active language and time zone.

    With `invited` they are for participants: without the booker's telephone number and topic.
    """
    service = office.services[booking.service_id]
    official = official_of(office, booking)
    in_person, by_phone = booking.mode == Mode.PERSON, booking.mode == Mode.PHONE
    facts = (
        Fact("booked_by", _("Booked by"), booking.name if invited else ""),
        Fact("service", _("Service"), str(service.name)),
        Fact("appointment", _("Appointment"), capfirst(when_of(booking))),
        Fact("official", _("Official"), str(official.name) if official else ""),
        Fact("topic", _("What it is about"), "" if invited else booking.topic),
        Fact("mode", _("How we meet"), _unusual_mode(booking, service)),
        Fact("phone", _("We will call you at"), "" if invited or not by_phone else booking.phone),
        Fact("arrival", _("When to come"), _when_to_come(booking, office) if in_person else ""),
        Fact("pin", _("The PIN is valid"), _pin_until(booking, office) if in_person else ""),
        Fact("persons", _("Number of people"), str(booking.persons) if booking.persons > 1 else ""),
        Fact("place", _("Where"), _place(office, service, official) if in_person else ""),
        Fact(
            "displays",
            _("Your number appears on"),
            _displays(office, service, official) if in_person else "",
        ),
        Fact(
            "entrance",
            _("How to get in"),
            _entry_out_of_hours(booking, office) if in_person else "",
        ),
        Fact(
            "documents",
            _("What to bring") if in_person else _("What to have with you"),
            str(service.documents),
        ),
        Fact("fee", _("Fee"), str(service.fee)),
    )
    return [fact for fact in facts if fact.value]


def _place(office: OfficeSnapshot, service: Service, official: Official | None) -> str:
    """The office's address with the official's door or the places of the service's counters.

    If there are several places, the text says that the call will name one.
    """
    if official and str(official.place):
        places = [str(official.place)]
    elif official and official.counter_id:
        places = [str(office.counters[official.counter_id].place)]
    else:
        places = [str(counter.place) for counter in office.counters_for(service.pk)]
    places = list(dict.fromkeys(filter(None, places)))
    doors = places[0] if len(places) == 1 else ""
    if len(places) > 1:
        shortened = without_repeats(places)
        several = _(" or ").join([", ".join(shortened[:-1]), shortened[-1]])
        doors = _("%(places)s; you will be told which when you are called") % {"places": several}
    return "; ".join(filter(None, [str(office.row.address), doors]))


def _displays(office: OfficeSnapshot, service: Service, official: Official | None) -> str:
    """The names of displays that show the call; empty in an office with one display."""
    counters = office.counters_for(service.pk)
    if official and official.counter_id:
        counters = [office.counters[official.counter_id]]
    return ", ".join(displays_of(office.row, counters))


def _entry_out_of_hours(booking: Booking, office: OfficeSnapshot) -> str:
    """How to enter the building, for a visit partly outside the office's hours; else empty."""
    openings = (
        calendar.instants_of_minutes(minutes, booking.date, office.tz)
        for minutes in office.opening_hours.of_office(booking.date)
    )
    inside = any(
        opening and opening.start <= booking.starts_at and booking.ends_at <= opening.end
        for opening in openings
    )
    return "" if inside else str(office.row.after_hours)


def _unusual_mode(booking: Booking, service: Service) -> str:
    """The mode in words; empty for a visit in person if the service offers no other mode."""
    usual = service.modes == [Mode.PERSON] and booking.mode == Mode.PERSON
    return "" if usual else capfirst(how_in_words(booking.mode))


def when_of(booking: Booking) -> str:
    """The day and the times in words, in the active language and time zone."""
    return render_to_string("messaging/_when.txt", {"booking": booking}).strip()


def _when_to_come(booking: Booking, office: OfficeSnapshot) -> str:
    rules = office.rules_of(office.services[booking.service_id])
    opens = rules.counts_from(booking.starts_at)
    closes = rules.counts_until(booking.ends_at) if rules.admits_latecomers else None
    context = {"booking": booking, "opens": opens, "closes": closes}
    return render_to_string("messaging/_come.txt", context).strip()


def _pin_until(booking: Booking, office: OfficeSnapshot) -> str:
    rules = office.rules_of(office.services[booking.service_id])
    until = date_format(timezone.localtime(rules.counts_until(booking.ends_at)), "G:i")
    return _("until %(until)s; then it expires") % {"until": until}


def url_of(name: str, *args: str) -> str:
    """The absolute URL of a named page."""
    return settings.BASE_URL + reverse(name, args=args)


def short_url(code: str) -> str:
    """The short URL used in an SMS."""
    return url_of("short_link", code)
