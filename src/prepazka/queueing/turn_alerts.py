"""Alerts to holders of tickets whose turn is near: asking, sending, erasing the contact."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from prepazka.core import events
from prepazka.journal.record import record
from prepazka.queueing import sql
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Ticket, TurnAlert
from prepazka.queueing.queue_locks import lock_queue
from prepazka.queueing.refusals import NotWaiting

NO_CONTACT = Q(email="", phone="", push={})
OVER = ~Q(ticket__state__in=(*IN_QUEUE, *AT_COUNTER))


@dataclass(frozen=True)
class AlertContact:
    """A contact for alerts: one of the three."""

    email: str = ""
    phone: str = ""
    push: dict[str, str] = field(default_factory=dict)


@transaction.atomic
def request_alert(*, ticket: int, contact: AlertContact, language: str, now: datetime) -> TurnAlert:
    """Store a contact until the ticket ends, in place of an earlier one. Raises NotWaiting.

    The queue is locked too, so that every later call sees the alert.
    """
    lock_queue(Ticket.objects.values_list("office_id", flat=True).get(pk=ticket))
    ticket_row = _lock_ticket(ticket)
    if ticket_row.state not in IN_QUEUE:
        raise NotWaiting
    contact_fields = {"email": contact.email, "phone": contact.phone, "push": contact.push}
    alert, _ = TurnAlert.objects.update_or_create(
        ticket=ticket_row,
        defaults=contact_fields | {"language": language},
        create_defaults=contact_fields
        | {"language": language, "asked_at": now, "office_id": ticket_row.office_id},
    )
    record(events.AlertAsked(office=ticket_row.office_id, ticket=ticket_row.pk, at=now))
    return alert


@transaction.atomic
def drop_alert(*, ticket: int, now: datetime) -> None:
    """Erase the contact on its owner's wish. May be repeated."""
    ticket_row = _lock_ticket(ticket)
    if erase_contact(ticket_row.pk):
        record(events.AlertDropped(office=ticket_row.office_id, ticket=ticket_row.pk, at=now))


@transaction.atomic
def note_turn_near(*, alert: UUID, now: datetime) -> bool:
    """Record once that the turn is near; whether this call did."""
    alert_row = lock_alert(alert)
    if alert_row.near_at or not alert_row.has_contact or alert_row.ticket.state not in IN_QUEUE:
        return False
    alert_row.near_at = now
    alert_row.save(update_fields=["near_at"])
    record(
        events.TurnNear(
            office=alert_row.office_id, ticket=alert_row.ticket_id, at=now, alert=str(alert_row.pk)
        )
    )
    return True


def note_called(ticket: Ticket, now: datetime) -> None:
    """Record for its alert that the ticket was called, in the transaction of the call."""
    with connection.cursor() as cursor:
        cursor.execute(sql.ALERTS_OF_TICKET, [ticket.pk])
        alerts = cursor.fetchall()
    for (alert,) in alerts:
        record(
            events.TurnCalled(office=ticket.office_id, ticket=ticket.pk, at=now, alert=str(alert))
        )


def erase_contact(ticket: int) -> bool:
    """Erase a ticket's contact in the transaction that ends it; returns whether there was one."""
    with connection.cursor() as cursor:
        cursor.execute(sql.ERASE_CONTACT, [ticket])
        return bool(cursor.rowcount)


def erase_contacts_of_ended() -> int:
    """Erase contacts of ended tickets, should the transaction that ended them have missed any."""
    return TurnAlert.objects.filter(OVER).exclude(NO_CONTACT).update(email="", phone="", push={})


def lock_alert(alert: UUID) -> TurnAlert:
    """The alert, locked to the commit, so that two workers do not send it twice."""
    return (
        TurnAlert.objects.select_for_update(of=("self",), no_key=True)
        .select_related("ticket")
        .get(pk=alert)
    )


def _lock_ticket(ticket: int) -> Ticket:
    """The ticket, locked, so that whoever ends it sees the contact, or we see that it has ended."""
    return Ticket.objects.select_for_update(of=("self",), no_key=True).get(pk=ticket)
