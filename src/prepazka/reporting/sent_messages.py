"""Sent messages; recipients are read from the visits, so that they are erased with them."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q, QuerySet

from prepazka.booking.contacts import normalise_phone
from prepazka.booking.refusals import PhoneNotUnderstood
from prepazka.core import calendar
from prepazka.core.contact_text import clean_email, clean_text
from prepazka.messaging.models import Message
from prepazka.offices.office_snapshot import OfficeSnapshot

MOST = 200


def sent_messages(
    office: OfficeSnapshot,
    *,
    recipient: str = "",
    kind: str = "",
    state: str = "",
    day: date | None = None,
) -> QuerySet[Message]:
    """The newest messages of the office, by recipient, kind, state and day."""
    messages = Message.objects.filter(office=office.row).select_related(
        "booking", "entry", "alert__ticket"
    )
    if kind:
        messages = messages.filter(kind=kind)
    if state == "delivered":
        messages = messages.filter(delivered_at__isnull=False)
    elif state:
        messages = messages.filter(state=state)
    if day:
        start = calendar.local_instant(day, 0, office.tz)
        end = calendar.local_instant(day + timedelta(days=1), 0, office.tz)
        messages = messages.filter(created_at__gte=start, created_at__lt=end)
    if recipient:
        messages = messages.filter(_sent_to(clean_text(recipient)))
    return messages.order_by("-pk")[:MOST]


def _sent_to(recipient: str) -> Q:
    try:
        phone = normalise_phone(recipient)
    except PhoneNotUnderstood:
        phone = recipient
    try:
        address = clean_email(recipient)
    except ValueError:
        address = recipient
    named = Q()
    for relation in ("booking", "entry", "alert"):
        if relation != "alert":
            named |= Q(**{f"{relation}__name__icontains": recipient})
        named |= Q(**{f"{relation}__email__icontains": address})
        named |= Q(**{f"{relation}__phone": phone})
    return named | Q(booking__pin=recipient)
