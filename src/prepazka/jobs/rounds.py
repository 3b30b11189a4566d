"""The worker's rounds over all offices: what time itself brings about."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.management import call_command
from django.db import transaction
from django.db.models import F, Q

from prepazka.booking.due import (
    SOON,
    erase_personal_data,
    expire_day,
    mark_no_shows,
    remind_due,
    remind_soon,
)
from prepazka.booking.models import EXPIRING, Booking, Offer, State
from prepazka.booking.offers import expire_offer, pass_on
from prepazka.booking.places import expire_places, offer_freed
from prepazka.booking.waiting_list import erase_entries, lapse_entries
from prepazka.core import calendar
from prepazka.core.message_rules import DAY_BEFORE, HOURS_BEFORE
from prepazka.jobs import papers
from prepazka.journal.models import Event
from prepazka.meetings import inventory, participants
from prepazka.meetings.erasing import erase_meetings, erase_papers
from prepazka.meetings.storage_identity import StorageNotOurs
from prepazka.messaging.replies import forget_replies
from prepazka.offices.directory import directory_by_id
from prepazka.offices.models import Incident, Office
from prepazka.queueing import alerts, history, learning
from prepazka.queueing.counters import close_forgotten
from prepazka.queueing.incidents import warn_booked
from prepazka.queueing.missed import end_missed
from prepazka.queueing.models import IN_QUEUE, QuarterHour, TurnAlert
from prepazka.queueing.stops import follow_estimate
from prepazka.queueing.tickets import close_yesterday
from prepazka.reporting.hall import hall
from prepazka.reporting.monitor import is_open, quarters
from prepazka.reporting.place import turn_is_near

# After these somebody on the waiting list may be offered a term.
FREEING = (
    "BookingCancelled",
    "BookingMoved",
    "ListConfirmed",
    "OfferAccepted",
    "OfferDeclined",
    "OfferExpired",
    "OfferWithdrawn",
    "PlaceDeclined",
    "PlaceUnanswered",
)
log = logging.getLogger(__name__)


def tidy(*, now: datetime) -> None:
    """Expire what ran out of time, mark who did not come, end tickets of days gone by.

    Counters that were forgotten open close too.
    """
    expired = Booking.objects.filter(state__in=EXPIRING, expires_at__lte=now)
    for pk, day in expired.values_list("office_id", "date").distinct():
        expire_day(office=pk, day=day, now=now)
    for row in Office.objects.all():
        office = directory_by_id(row.pk)
        due = Booking.objects.filter(office=row, state=State.CONFIRMED, ends_at__lte=now)
        for day in due.values_list("date", flat=True).distinct():
            mark_no_shows(office=office, day=day, now=now)
        end_missed(office=office, now=now)
        close_yesterday(office=row.pk, today=calendar.day_of(now, office.tz), now=now)
        close_forgotten(office=office, now=now)
    participants.settle(now=now)


def offer_places(*, now: datetime) -> None:
    """Pass on what nobody answered, end waits that are over, offer what is free to the lists."""
    expire_places(now=now)
    for row in Office.objects.filter(
        waitinglistentrys__ended_at=None, waitinglistentrys__isnull=False
    ).distinct():
        lapse_entries(office=directory_by_id(row.pk), now=now)
        offer_freed(office=row, now=now)


def offer_after(*, event: int, now: datetime) -> None:
    """Offer to the list at once what the event has freed; the round would do it a minute later."""
    happened = Event.objects.filter(pk=event, kind__in=FREEING).first()
    if happened:
        offer_freed(office=Office.objects.get(pk=happened.office), now=now)


def follow_offers(*, now: datetime) -> None:
    """Hand offers that nobody answers to the operators, then let them expire."""
    offers = Offer.objects.filter(kind=Offer.Kind.SUBSTITUTE, state=Offer.State.OPEN)
    waiting = offers.filter(escalated_at=None, expires_at__gt=now)
    for offer, made, ends in waiting.values_list("pk", "created_at", "expires_at"):
        if made + (ends - made) / 2 <= now:
            pass_on(offer=offer, now=now)
    for offer in offers.filter(expires_at__lte=now).values_list("pk", flat=True):
        expire_offer(offer=offer, now=now)


def remind(*, now: datetime) -> None:
    """Send the reminders of bookings that start within a day, and again within two hours."""
    rules = {office.pk: office.message_rules for office in Office.objects.all()}
    quiet = {office.pk for office in Office.objects.all() if _is_quiet(office, now)}
    coming = Booking.objects.filter(state=State.CONFIRMED, starts_at__gt=now)
    tomorrow = coming.filter(reminded_at=None, starts_at__lte=now + timedelta(hours=24))
    soon = coming.filter(
        Q(reminded_at=None) | Q(reminded_at__lt=F("starts_at") - SOON), starts_at__lte=now + SOON
    )
    for rows, which, ask in (
        (tomorrow, DAY_BEFORE, remind_due),
        (soon, HOURS_BEFORE, remind_soon),
    ):
        for booking, office, email in list(rows.values_list("pk", "office_id", "email")):
            if (
                office in rules
                and which in rules[office].reminders
                and (email or office not in quiet)
            ):
                ask(booking=booking, now=now)


def _is_quiet(office: Office, now: datetime) -> bool:
    """Whether a reminder that would ring a telephone has to wait."""
    return office.message_rules.quiet_until(now, ZoneInfo(office.timezone)) is not None


def stop_tickets(*, now: datetime) -> None:
    """Stop the walk-in tickets of services whose day is full by the estimate, or go on."""
    for row in Office.objects.filter(overtime_min__isnull=False, shifts__closed_at=None).distinct():
        seen = hall(directory_by_id(row.pk), now=now)
        served = seen.outlook.served
        for service in seen.office.offered_services():
            if service.walk_in and service.pk in served:
                follow_estimate(
                    office=seen.office, service=service, served_in=served[service.pk], now=now
                )


def warn_of_incidents(*, now: datetime) -> None:
    """Tell those whose booked term has come near while a system is down."""
    for incident in Incident.objects.filter(ended_at=None).values_list("pk", flat=True):
        warn_booked(incident=incident, now=now)


def tell_near(*, now: datetime) -> None:
    """Tell those who wish it that their turn is near."""
    waiting = TurnAlert.objects.filter(near_at=None, ticket__state__in=IN_QUEUE)
    waiting = waiting.exclude(alerts.NO_CONTACT).select_related("ticket").order_by("asked_at")
    of_office: dict[int, list[TurnAlert]] = {}
    for one in waiting:
        of_office.setdefault(one.office_id, []).append(one)
    for row in Office.objects.filter(pk__in=of_office):
        seen = hall(directory_by_id(row.pk), now=now)
        for one in of_office[row.pk]:
            if turn_is_near(seen, one.ticket):
                alerts.tell_near(alert=one.pk, now=now)


def keep_history(*, now: datetime) -> None:
    """Keep the live view of this quarter of an hour, where the office is at work."""
    at = history.quarter_of(now)
    kept = set(QuarterHour.objects.filter(at=at).values_list("office", flat=True))
    for row in Office.objects.exclude(pk__in=kept):
        seen = hall(directory_by_id(row.pk), now=now)
        if is_open(seen.office, now) or seen.waiting:
            history.keep_quarter(rows=list(quarters(seen, at)))


def judge_waits(*, now: datetime) -> None:
    """Correct the wait estimates by whom was called since the last round."""
    for office in Office.objects.all():
        learning.judge(office=office)


def learn(*, now: datetime) -> None:
    """Learn service times and habits from the last weeks; measure how good the estimates were."""
    for row in Office.objects.all():
        office = directory_by_id(row.pk)
        history.measure(office=office, now=now)
        learning.relearn(office=office, now=now)
    history.forget_quarters(now=now)


def purge(*, now: datetime) -> None:
    """Erase names, contacts and PINs as each office has set, and log-ins long over.

    The anonymous rows stay.
    """
    for office in Office.objects.all():
        with transaction.atomic():
            erased = erase_personal_data(office=office, now=now)
            erase_entries(office=office, now=now)
            erase_meetings(office=office, now=now)
        try:
            erase_papers(office=office, now=now)
        except StorageNotOurs:
            log.warning("%s: files of meetings were not erased", office.slug)
        if erased:
            log.info("%s: personal data of %s bookings erased", office.slug, erased)
    try:
        inventory.inspect_all(now=now)
        papers.print_lost()
    except StorageNotOurs:
        log.warning("files of meetings were not compared with their rows")
    alerts.forget_ended()
    forget_replies(now=now)
    call_command("clearsessions")
