"""Time-driven work of one office: the functions behind the steps of `jobs.periodic_steps`.

Each may run any number of times. Where one of several rows fails, the others are done first, and
then the failure is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from prepazka.booking import networks
from prepazka.booking.models import (
    EXPIRING,
    Booking,
    BookingState,
    Offer,
    OfferState,
    WaitingListEntry,
)
from prepazka.booking.offers import escalate_to_operators, expire_offer
from prepazka.booking.scheduled import (
    SOON,
    erase_personal_data,
    expire_day,
    mark_no_shows,
    remind_due,
    remind_soon,
)
from prepazka.booking.waiting_list import erase_entries, lapse_entries
from prepazka.booking.waiting_list_offers import (
    expire_waiting_list_offer,
    offer_freed_slots,
    unanswered_offers,
)
from prepazka.core import calendar
from prepazka.core.message_rules import DAY_BEFORE, HOURS_BEFORE
from prepazka.journal.models import Event
from prepazka.meetings import participants
from prepazka.meetings.erasing import erase_meetings, erase_papers
from prepazka.offices.models import Incident, Office
from prepazka.offices.office_snapshot import snapshot_by_id
from prepazka.privacy import remembered_erasures
from prepazka.privacy.erasure import erase_again, erase_traces
from prepazka.queueing import history, turn_alerts, wait_learning
from prepazka.queueing.counters import close_forgotten
from prepazka.queueing.incidents import warn_booked
from prepazka.queueing.missed_bookings import end_missed
from prepazka.queueing.models import IN_QUEUE, QuarterHour, TurnAlert
from prepazka.queueing.tickets import close_past_days
from prepazka.queueing.walk_in_stops import stop_by_estimate
from prepazka.reporting.live_hall import hall_at
from prepazka.reporting.monitor import history_rows, is_open
from prepazka.reporting.place import turn_is_near

# Events after which somebody on the waiting list may be offered a slot.
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


def call_for_each(rows: Iterable[Any], act: Callable[[Any], object]) -> None:
    """Call `act` on each row, then raise an ExceptionGroup of failures; a lost database ends it."""
    faults = []
    for row in rows:
        try:
            act(row)
        except Exception as error:
            if not connection.is_usable():
                raise
            faults.append(error)
    if faults:
        raise ExceptionGroup(f"{len(faults)} rows failed", faults)


def watch_crowd(*, office: int, now: datetime) -> None:
    """Record that so many slots are held that the head should look."""
    networks.record_crowded_office(office=snapshot_by_id(office), now=now)


def expire_claims(*, office: int, now: datetime) -> None:
    """Expire holds and requests that ran out of time, and erase their networks."""
    networks.forget_networks(office=office, now=now)
    expired = Booking.objects.filter(office=office, state__in=EXPIRING, expires_at__lte=now)
    days = list(expired.values_list("date", flat=True).distinct())
    call_for_each(days, lambda day: expire_day(office=office, day=day, now=now))


def mark_no_shows_of(*, office: int, now: datetime) -> None:
    """Mark bookings as no-shows after their end."""
    due = Booking.objects.filter(office=office, state=BookingState.CONFIRMED, ends_at__lte=now)
    days = list(due.values_list("date", flat=True).distinct())
    if days:
        office_read = snapshot_by_id(office)
        call_for_each(days, lambda day: mark_no_shows(office=office_read, day=day, now=now))


def close_tickets(*, office: int, now: datetime) -> None:
    """End the tickets of past days."""
    today = calendar.day_of(now, snapshot_by_id(office).tz)
    close_past_days(office=office, today=today, now=now)


def end_missed_of(*, office: int, now: datetime) -> None:
    """End the bookings of clients who were called in vain and whose PIN is no longer valid."""
    end_missed(office=snapshot_by_id(office), now=now)


def close_counters(*, office: int, now: datetime) -> None:
    """Close counters that were left open."""
    close_forgotten(office=snapshot_by_id(office), now=now)


def settle_meetings(*, office: int, now: datetime) -> None:
    """End meetings by video that nobody has ended."""
    call_for_each(
        participants.meetings_left_open(office, now),
        lambda pk: participants.end_open_meeting(pk, now),
    )


def offer_places(*, office: int, now: datetime) -> None:
    """Expire unanswered offers, end entries that are over, offer free slots to the waiting list."""
    call_for_each(
        unanswered_offers(office, now), lambda offer: expire_waiting_list_offer(offer, now)
    )
    if WaitingListEntry.objects.filter(office=office, ended_at=None).exists():
        lapse_entries(office=snapshot_by_id(office), now=now)
        offer_freed_slots(office=Office.objects.get(pk=office), now=now)


def offer_after(*, event: int, now: datetime) -> None:
    """Offer slots that the event has freed at once; the step would do so a minute later."""
    happened = Event.objects.filter(pk=event, kind__in=FREEING).first()
    if happened:
        offer_freed_slots(office=Office.objects.get(pk=happened.office), now=now)


def follow_offers(*, office: int, now: datetime) -> None:
    """Escalate unanswered offers to the operators after half their time, then expire them."""
    offers = Offer.objects.filter(
        office=office, kind=Offer.Kind.SUBSTITUTE, state=OfferState.OPEN
    ).values_list("pk", "created_at", "expires_at")

    def follow(row: tuple[Any, datetime, datetime]) -> None:
        offer, created, expires = row
        if expires <= now:
            expire_offer(offer=offer, now=now)
        elif created + (expires - created) / 2 <= now:
            escalate_to_operators(offer=offer, now=now)

    call_for_each(list(offers.filter(Q(expires_at__lte=now) | Q(escalated_at=None))), follow)


def send_reminders(*, office: int, now: datetime) -> None:
    """Send the reminders of bookings that start within a day, and again within two hours."""
    row = Office.objects.get(pk=office)
    is_quiet = _is_quiet(row, now)
    coming = Booking.objects.filter(office=office, state=BookingState.CONFIRMED, starts_at__gt=now)
    tomorrow = coming.filter(reminded_at=None, starts_at__lte=now + timedelta(hours=24))
    soon = coming.filter(
        Q(reminded_at=None) | Q(reminded_at__lt=F("starts_at") - SOON), starts_at__lte=now + SOON
    )
    reminders = [
        (rows, ask)
        for rows, reminder_kind, ask in (
            (tomorrow, DAY_BEFORE, remind_due),
            (soon, HOURS_BEFORE, remind_soon),
        )
        if reminder_kind in row.message_rules.reminders
    ]
    call_for_each(reminders, lambda pair: _remind_each(*pair, is_quiet=is_quiet, now=now))


def _remind_each(
    rows: QuerySet[Booking], ask: Callable[..., None], *, is_quiet: bool, now: datetime
) -> None:
    due = rows.exclude(email="") if is_quiet else rows
    call_for_each(
        list(due.values_list("pk", flat=True)), lambda booking: ask(booking=booking, now=now)
    )


def _is_quiet(office: Office, now: datetime) -> bool:
    """Whether a reminder that would ring a telephone has to wait for the end of quiet hours."""
    return office.message_rules.quiet_until(now, ZoneInfo(office.timezone)) is not None


def stop_tickets(*, office: int, now: datetime) -> None:
    """Stop or open walk-in tickets by whether the estimate says that the day is full."""
    watched = Office.objects.filter(pk=office, overtime_min__isnull=False, shifts__closed_at=None)
    if not watched.exists():
        return
    hall_now = hall_at(snapshot_by_id(office), now=now)
    minutes_served = hall_now.outlook.served
    call_for_each(
        [s for s in hall_now.office.offered_services() if s.walk_in and s.pk in minutes_served],
        lambda service: stop_by_estimate(
            office=hall_now.office, service=service, served_in=minutes_served[service.pk], now=now
        ),
    )


def warn_of_incidents(*, office: int, now: datetime) -> None:
    """Warn those whose appointment has come near while a system is down."""
    incidents = Incident.objects.filter(office=office, ended_at=None).values_list("pk", flat=True)
    call_for_each(list(incidents), lambda incident: warn_booked(incident=incident, now=now))


def alert_near_turns(*, office: int, now: datetime) -> None:
    """Alert those who asked for it that their turn is near."""
    waiting = TurnAlert.objects.filter(office=office, near_at=None, ticket__state__in=IN_QUEUE)
    waiting = waiting.exclude(turn_alerts.NO_CONTACT).select_related("ticket").order_by("asked_at")
    rows = list(waiting)
    if not rows:
        return
    hall_now = hall_at(snapshot_by_id(office), now=now)
    near_alerts = [alert.pk for alert in rows if turn_is_near(hall_now, alert.ticket)]
    call_for_each(near_alerts, lambda alert: turn_alerts.note_turn_near(alert=alert, now=now))


def keep_history(*, office: int, now: datetime) -> None:
    """Store the live view of this quarter of an hour while the office is open or people wait."""
    at = history.quarter_of(now)
    if QuarterHour.objects.filter(at=at, office=office).exists():
        return
    hall_now = hall_at(snapshot_by_id(office), now=now)
    if is_open(hall_now.office, now) or hall_now.waiting:
        history.store_quarter(rows=list(history_rows(hall_now, at)))


def judge_waits(*, office: int, now: datetime) -> None:  # as every step
    """Calibrate the wait estimates by the tickets called since the last round."""
    wait_learning.calibrate_estimates(office=Office.objects.get(pk=office))


def measure_estimates(*, office: int, now: datetime) -> None:
    """Store the accuracy of the last days' estimates."""
    history.measure_accuracy(office=snapshot_by_id(office), now=now)


def learn_from_weeks(*, office: int, now: datetime) -> None:
    """Learn service times and habits from the last weeks."""
    wait_learning.learn_service_times(office=snapshot_by_id(office), now=now)


@transaction.atomic
def erase_overdue(*, office: int, now: datetime) -> None:
    """Erase names, contacts and PINs after the office's retention; anonymous rows stay."""
    row = Office.objects.get(pk=office)
    erase_personal_data(office=row, now=now)
    erase_entries(office=row, now=now)
    erase_meetings(office=row, now=now)
    erase_traces(office=row, now=now)


def erase_requested(*, office: int, now: datetime) -> None:
    """Erase people again whom a restored backup brought back after an erasure on request.

    Also while the storage is away, which may know of more erasures than the database.
    """
    try:
        remembered_erasures.reconcile_remembered(office, now=now)
    finally:
        erase_again(office=Office.objects.get(pk=office), now=now)


def erase_after(*, event: int, now: datetime) -> None:
    """Erase the papers of a person erased on request, and record the erasure in the storage."""
    happened = Event.objects.filter(pk=event, kind="PersonErased").first()
    if happened:
        erase_papers(office=Office.objects.get(pk=happened.office), now=now)
        remembered_erasures.reconcile_remembered(happened.office, now=now)


def erase_files(*, office: int, now: datetime) -> None:
    """Erase documents and minutes of meetings whose booking was erased."""
    erase_papers(office=Office.objects.get(pk=office), now=now)
