"""By which way a message goes, and whether the office can still afford a short one."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Q, Sum

from prepazka.booking.contacts import normalise_phone
from prepazka.booking.refusals import PhoneNotMobile, PhoneNotUnderstood
from prepazka.core import calendar
from prepazka.messaging.models import Message, Person
from prepazka.offices.models import Office
from prepazka.queueing.models import TurnAlert

COSTS = (Message.State.QUEUED, Message.State.SENT)


def channel_for(person: Person, office: Office) -> Message.Channel | None:
    """E-mail where there is an address, as it says more; else a short message, where it can go."""
    if person.email:
        return Message.Channel.EMAIL
    if isinstance(person, TurnAlert) and person.push:
        return Message.Channel.PUSH
    if sends_sms(office) and mobile_of(person.phone):
        return Message.Channel.SMS
    return None  # told at the desk or by telephone; erased meanwhile


def sends_sms(office: Office) -> bool:
    """Whether the office's file allows short messages and the installation can send them."""
    return bool(settings.SMS_GATEWAY) and office.message_rules.sms


def takes_phones(office: Office, *, now: datetime) -> bool:
    """Whether people may book with a telephone number alone at this moment."""
    return sends_sms(office) and fits_limit(office, 1, now=now)


def mobile_of(phone: str) -> str:
    """The number for a short message, or nothing if none can be sent there."""
    try:
        return normalise_phone(phone, mobile=True) if phone else ""
    except (PhoneNotUnderstood, PhoneNotMobile):
        return ""


def fits_limit(office: Office, parts: int, *, now: datetime) -> bool:
    """Whether so many more parts stay within the office's limit of this month."""
    limit = office.message_rules.monthly_limit
    if limit is None:
        return True
    tz = ZoneInfo(office.timezone)
    first = calendar.day_of(now, tz).replace(day=1)
    spent = Message.objects.filter(
        Q(state__in=COSTS) | Q(sent_at__isnull=False),  # what never arrived was paid too
        office=office,
        channel=Message.Channel.SMS,
        created_at__gte=calendar.local_instant(first, 0, tz),
    ).aggregate(parts=Sum("parts"))["parts"]
    return (spent or 0) + parts <= limit


def lock_limit(office: Office) -> None:
    """Let one message at a time be counted into the limit, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"sms:{office.pk}"]
        )
