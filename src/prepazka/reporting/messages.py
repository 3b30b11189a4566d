"""What was sent to whom: read from the visits, so that it is erased together with them."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Q, QuerySet

from prepazka.booking.contacts import normalise_phone
from prepazka.booking.refusals import PhoneNotUnderstood
from prepazka.core import calendar
from prepazka.core.contact_text import clean_email, clean_text
from prepazka.messaging.models import Message
from prepazka.offices.directory import Directory

MOST = 200


def sent_messages(
    office: Directory, *, wanted: str = "", kind: str = "", state: str = "", day: date | None = None
) -> QuerySet[Message]:
    """The newest messages of the office, by recipient, kind, state and day."""
    found = Message.objects.filter(office=office.office).select_related(
        "booking", "entry", "alert__ticket"
    )
    if kind:
        found = found.filter(kind=kind)
    if state == "delivered":
        found = found.filter(delivered_at__isnull=False)
    elif state:
        found = found.filter(state=state)
    if day:
        start = calendar.local_instant(day, 0, office.tz)
        end = calendar.local_instant(day + timedelta(days=1), 0, office.tz)
        found = found.filter(created_at__gte=start, created_at__lt=end)
    if wanted:
        found = found.filter(_to(clean_text(wanted)))
    return found.order_by("-pk")[:MOST]


def _to(wanted: str) -> Q:
    try:
        phone = normalise_phone(wanted)
    except PhoneNotUnderstood:
        phone = wanted
    try:
        address = clean_email(wanted)
    except ValueError:
        address = wanted
    named = Q()
    for whose in ("booking", "entry", "alert"):
        if whose != "alert":
            named |= Q(**{f"{whose}__name__icontains": wanted})
        named |= Q(**{f"{whose}__email__icontains": address})
        named |= Q(**{f"{whose}__phone": phone})
    return named | Q(booking__pin=wanted)
