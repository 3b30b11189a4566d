"""The channels of messages, one adapter each in `ADAPTERS`, and their limits.

A new channel is a member of `Message.Channel`, an entry here with its Czech texts, and its gateway
in `jobs.tasks.GATEWAYS`; no other module compares channels. The gateway says which failures are permanent (`Undeliverable.permanent`);
the adapter knows what can be decided before sending, and which failures end a contact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from prepazka.booking.contacts import normalise_phone
from prepazka.booking.refusals import PhoneNotMobile, PhoneNotUnderstood
from prepazka.core import calendar, gsm7
from prepazka.core.message_rules import MessageRules
from prepazka.journal.statements import lock_name
from prepazka.meetings.models import Participant
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.message_types import PushGone, Sms, Undeliverable
from prepazka.messaging.models import Message, MessageState, Person
from prepazka.messaging.push import compose_push
from prepazka.messaging.sms import compose_sms
from prepazka.offices.models import Office

HOUR = timedelta(hours=1)
COSTS = (MessageState.QUEUED, MessageState.SENT)


@dataclass(frozen=True)
class MonthlyLimit:
    """The monthly and hourly limits of a channel that is charged by parts."""

    of: Callable[[MessageRules], int | None]  # the office's monthly limit; None means no limit
    parts: Callable[[Any], int]  # the number of parts of a composed message
    exceeded: str  # the error shown to the desk for a message beyond the monthly limit
    per_hour: Callable[[], int]  # the parts an office may send within an hour; the rest waits


@dataclass(frozen=True)
class Adapter:
    """Everything that differs between channels.

    `contact` is the person's contact for the channel, falsy if there is none; `address` is the
    contact in the gateway's form, falsy if it cannot be written to. `compose(message, now=…)`
    returns what the gateway sends, and `shown` its recipient, subject and text.
    """

    label: Promise
    announcement: Promise  # tells the staff how the client is informed
    turn_announcement: Promise  # tells the holder of a ticket how the turn is announced
    contact: Callable[[Person | Participant], Any]
    address: Callable[[Any], Any]
    no_address: str  # the error shown to the desk when the contact cannot be written to
    masked: Callable[[Any], str]  # the contact abbreviated so that it can be recognised
    compose: Callable[..., Any]
    shown: Callable[[Any], tuple[str, str, str]]
    is_offered: Callable[[Office], bool] = lambda _office: True
    monthly_limit: MonthlyLimit | None = None
    rings: bool = False  # makes a sound, so messages that can wait respect quiet hours
    takes_stop: bool = False  # the person can stop reminders by answering
    ends_contact: tuple[type[Undeliverable], ...] = ()  # failures after which it is erased


def sends_sms(office: Office) -> bool:
    """Whether the office's file allows short messages and the installation can send them."""
    return bool(settings.SMS_GATEWAY) and office.message_rules.sms


def mobile_of(phone: str) -> str:
    """The number in E.164; empty if no short message can be sent to it."""
    try:
        return normalise_phone(phone, mobile=True) if phone else ""
    except (PhoneNotUnderstood, PhoneNotMobile):
        return ""


def _compose_sms(message: Message, *, now: datetime) -> Sms:
    return replace(compose_sms(message, now=now), e164=mobile_of(message.person.phone))


def _masked_email(email: str) -> str:
    name, _at, domain = email.partition("@")
    return f"{name[:2]}…@{domain}" if domain else ""


# In the order of preference: an e-mail can say more than a notice or a short message.
ADAPTERS: Mapping[Message.Channel, Adapter] = {
    Message.Channel.EMAIL: Adapter(
        label=gettext_lazy("e-mail"),
        announcement=gettext_lazy("We send the confirmation and any changes by e-mail."),
        turn_announcement=gettext_lazy("We will tell you by e-mail when it is your turn."),
        contact=lambda person: person.email,
        address=lambda email: email,
        no_address=gettext_noop("there is no e-mail address"),
        masked=_masked_email,
        compose=compose_mail,
        shown=lambda mail: (mail.to, mail.subject, mail.text),
    ),
    Message.Channel.PUSH: Adapter(
        label=gettext_lazy("notice in the browser"),
        announcement=gettext_lazy("Any change is shown as a notification in the client’s browser."),
        turn_announcement=gettext_lazy("We will tell you in this browser when it is your turn."),
        contact=lambda person: getattr(person, "push", {}),  # only holders of tickets have one
        address=lambda push: push,
        no_address=gettext_noop("no browser takes the notice"),
        masked=lambda push: _("in the browser") if push else "",
        compose=compose_push,
        shown=lambda push: (_("in the browser"), push.content["title"], push.content["body"]),
        ends_contact=(PushGone,),
    ),
    Message.Channel.SMS: Adapter(
        label=gettext_lazy("SMS"),
        announcement=gettext_lazy("We send the PIN and any changes by text message."),
        turn_announcement=gettext_lazy("We will tell you by text message when it is your turn."),
        contact=lambda person: getattr(person, "phone", ""),  # participants of meetings have none
        address=mobile_of,
        no_address=gettext_noop("no short message can be sent to this number"),
        masked=lambda phone: f"{phone[:4]} … {phone[-3:]}" if phone else "",
        compose=_compose_sms,
        shown=lambda sms: (sms.e164, "", sms.text),
        is_offered=sends_sms,
        monthly_limit=MonthlyLimit(
            of=lambda rules: rules.monthly_limit,
            parts=lambda sms: gsm7.count_parts(sms.text),
            exceeded=gettext_noop("the monthly limit of short messages is used up"),
            per_hour=lambda: settings.SMS_PER_HOUR,
        ),
        rings=True,
        takes_stop=True,
    ),
}


def adapter_of(message: Message) -> Adapter:
    """The adapter of the message's channel."""
    return ADAPTERS[Message.Channel(message.channel)]


def channel_for(person: Person | Participant, office: Office) -> Message.Channel | None:
    """The preferred channel by which the person can be written to; None if there is none."""
    return next(
        (
            channel
            for channel, adapter in ADAPTERS.items()
            if adapter.is_offered(office) and adapter.address(adapter.contact(person))
        ),
        None,
    )


def adapter_of_contact(person: Person | Participant) -> Adapter | None:
    """The adapter of the preferred contact that the person has given; None if there is none."""
    return next((a for a in ADAPTERS.values() if a.contact(person)), None)


def takes_phones(office: Office, *, now: datetime) -> bool:
    """Whether people may now book with a telephone number and no e-mail."""
    return (
        sends_sms(office)
        and fits_limit(office, 1, Message.Channel.SMS, now=now)
        and not hour_is_full(office, Message.Channel.SMS, now=now)
    )


def fits_limit(office: Office, part_count: int, channel: str, *, now: datetime) -> bool:
    """Whether that many more parts stay within the office's limit of this month."""
    monthly = ADAPTERS[Message.Channel(channel)].monthly_limit
    limit = monthly.of(office.message_rules) if monthly else None
    if limit is None:
        return True
    return spent_this_month(office, channel, now=now) + part_count <= limit


def spent_this_month(office: Office, channel: str, *, now: datetime) -> int:
    """The number of parts that the office pays for in the current calendar month."""
    tz = ZoneInfo(office.timezone)
    first_day = calendar.day_of(now, tz).replace(day=1)
    spent = Message.objects.filter(
        Q(state__in=COSTS) | Q(sent_at__isnull=False),  # undelivered ones were charged too
        office=office,
        channel=channel,
        created_at__gte=calendar.local_instant(first_day, 0, tz),
    ).aggregate(parts=Sum("parts"))["parts"]
    return spent or 0


def hour_is_full(office: Office, channel: str, *, now: datetime) -> bool:
    """Whether the office has used up the channel's hourly limit."""
    monthly = ADAPTERS[Message.Channel(channel)].monthly_limit
    if monthly is None:
        return False
    sent = Message.objects.filter(
        office=office, channel=channel, sent_at__gt=now - HOUR, sent_at__lte=now
    ).aggregate(parts=Sum("parts"))["parts"]
    return (sent or 0) >= monthly.per_hour()


def sms_alert(office: Office, *, now: datetime) -> str:
    """The state of the SMS limits for the head: "month" or "hour" if used up, "soon", or empty."""
    limit = office.message_rules.monthly_limit
    if not sends_sms(office):
        return ""
    if limit is not None:
        spent = spent_this_month(office, Message.Channel.SMS, now=now)
        if spent >= limit:
            return "month"
        if spent * 5 >= limit * 4:
            return "soon"
    return "hour" if hour_is_full(office, Message.Channel.SMS, now=now) else ""


def lock_limit(office: Office, channel: str) -> None:
    """Lock the office's limit of a channel until the transaction ends, so that it holds."""
    lock_name(f"{channel}:{office.pk}")
