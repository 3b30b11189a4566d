"""Telling holders of tickets that their turn is near: the wish, the moment, the end of the contact."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from prepazka.core import events
from prepazka.journal.record import record
from prepazka.queueing.locks import lock_queue
from prepazka.queueing.models import AT_COUNTER, IN_QUEUE, Ticket, TurnAlert
from prepazka.queueing.refusals import NotWaiting

NO_CONTACT = Q(email="", phone="", push={})
# The same where it is hot.
WITH_CONTACT = "NOT (email = '' AND phone = '' AND push = '{}')"
OVER = ~Q(ticket__state__in=(*IN_QUEUE, *AT_COUNTER))


@dataclass(frozen=True)
class Contact:
    """Where to tell somebody: one of the three."""

    email: str = ""
    phone: str = ""
    push: dict[str, str] = field(default_factory=dict)


@transaction.atomic
def ask_alert(*, ticket: int, contact: Contact, language: str, now: datetime) -> TurnAlert:
    """Keep a contact until the ticket ends; it replaces one given before. Raises NotWaiting.

    The queue is locked too: a call that comes later sees the wish when it looks.
    """
    lock_queue(Ticket.objects.values_list("office_id", flat=True).get(pk=ticket))
    found = _lock_ticket(ticket)
    if found.state not in IN_QUEUE:
        raise NotWaiting
    wanted = {"email": contact.email, "phone": contact.phone, "push": contact.push}
    alert, _ = TurnAlert.objects.update_or_create(
        ticket=found,
        defaults=wanted | {"language": language},
        create_defaults=wanted
        | {"language": language, "asked_at": now, "office_id": found.office_id},
    )
    record(events.AlertAsked(office=found.office_id, ticket=found.pk, at=now))
    return alert


@transaction.atomic
def drop_alert(*, ticket: int, now: datetime) -> None:
    """Forget the contact, as its owner wishes. May be repeated."""
    found = _lock_ticket(ticket)
    if forget_contact(found.pk):
        record(events.AlertDropped(office=found.office_id, ticket=found.pk, at=now))


@transaction.atomic
def tell_near(*, alert: UUID, now: datetime) -> bool:
    """Say once that the turn is near; whether it was this time."""
    found = lock_alert(alert)
    if found.near_at or not found.has_contact or found.ticket.state not in IN_QUEUE:
        return False
    found.near_at = now
    found.save(update_fields=["near_at"])
    record(
        events.TurnNear(office=found.office_id, ticket=found.ticket_id, at=now, alert=str(found.pk))
    )
    return True


def tell_called(ticket: Ticket, now: datetime) -> None:
    """Say that the ticket was called, if its holder wishes; in the transaction of the call."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id FROM queueing_turnalert WHERE ticket_id = %s AND {WITH_CONTACT}",  # noqa: S608  # ours
            [ticket.pk],
        )
        wanted = cursor.fetchall()
    for (alert,) in wanted:
        record(
            events.TurnCalled(office=ticket.office_id, ticket=ticket.pk, at=now, alert=str(alert))
        )


def forget_contact(ticket: int) -> bool:
    """Erase the contact of a ticket, in the transaction that ends it; whether there was one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE queueing_turnalert SET email = '', phone = '', push = '{}'"  # noqa: S608
            f" WHERE ticket_id = %s AND {WITH_CONTACT}",
            [ticket],
        )
        return bool(cursor.rowcount)


def forget_ended() -> int:
    """Erase what an ended ticket may have left; the transaction that ended it did so already."""
    return TurnAlert.objects.filter(OVER).exclude(NO_CONTACT).update(email="", phone="", push={})


def lock_alert(alert: UUID) -> TurnAlert:
    """The alert, locked to the commit: two workers tell nobody the same."""
    return (
        TurnAlert.objects.select_for_update(of=("self",), no_key=True)
        .select_related("ticket")
        .get(pk=alert)
    )


def _lock_ticket(ticket: int) -> Ticket:
    """The ticket, locked: whoever ends it meanwhile finds the contact, or we find it ended."""
    return Ticket.objects.select_for_update(of=("self",), no_key=True).get(pk=ticket)
