"""An office's own texts of messages: validation, storing, and previews."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_noop

from prepazka.booking.models import Booking, BookingState, Lane, Offer, WaitingListEntry
from prepazka.core import calendar, events, gsm7, message_texts
from prepazka.core.message_texts import Fault, Part, Texts
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.messaging.kind_parts import Audience, Kind
from prepazka.messaging.kinds import WITH_OWN_TEXTS
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.message_types import Mail
from prepazka.messaging.models import Message
from prepazka.messaging.sms import compose_sms
from prepazka.messaging.text_placeholders import OF_KINDS
from prepazka.offices.models import Office
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing.models import Ticket, TurnAlert

# Constant, so that previews differ only by the texts.
SAMPLE_ID, SAMPLE_CODE, SAMPLE_PIN = UUID(int=1), "abcdefghjkmn", "1234"


class BrokenWords(Refused):
    """The office's texts break rules of messages; `faults` lists them by part of the message."""

    message = gettext_noop("These texts cannot be used. The errors listed say why.")

    def __init__(self, faults: dict[Part, list[Fault]]) -> None:
        super().__init__()
        self.faults = faults


@dataclass(frozen=True)
class Preview:
    """The mail and the short message that a person would get, with the length of the latter."""

    mail: Mail | None
    sms: str
    septets: int
    parts: int
    plain: bool


@transaction.atomic
def write_words(
    *,
    office: int,
    kind: str,
    language: str,
    words: dict[Part, str],
    now: datetime,
    actor: int | None = None,
) -> None:
    """Store the office's own texts of a kind of message; an empty one restores the default.

    Raises BrokenWords.
    """
    tidied = tidy_texts(words)
    if faults := faults_of(kind, tidied):
        raise BrokenWords(faults)
    row = Office.objects.select_for_update(no_key=True).get(pk=office)
    rules = row.message_rules
    texts = put_texts(rules.texts, kind, language, tidied)
    if texts == rules.texts:
        return
    row.messages_data = replace(rules, texts=texts).data()
    row.version += 1
    row.save(update_fields=["messages_data", "version"])
    record(events.OfficeLoaded(office=row.pk, at=now, actor=actor))


def tidy_texts(words: dict[Part, str]) -> dict[Part, str]:
    """The texts as they are stored; a subject and a short message are one line."""
    tidied = {part: message_texts.tidy_text(text) for part, text in words.items()}
    return {
        part: text if part == "text" else " ".join(text.split()) for part, text in tidied.items()
    }


def faults_of(kind: str, words: dict[Part, str]) -> dict[Part, list[Fault]]:
    """The faults by part, for parts that have any; an empty text is the default and has none."""
    placeholders = OF_KINDS[kind]
    faults_by_part = {
        part: message_texts.faults_of_text(placeholders, part, text)
        for part, text in words.items()
        if text
    }
    return {part: faults for part, faults in faults_by_part.items() if faults}


def put_texts(texts: Texts, kind: str, language: str, words: dict[Part, str]) -> Texts:
    """The texts with these put in; kinds and parts without any text are left out."""
    updated = {
        k: {p: dict(by_language) for p, by_language in parts.items()} for k, parts in texts.items()
    }
    for text_part, text in words.items():
        of_part = updated.setdefault(kind, {}).setdefault(text_part, {})
        of_part[language] = text
        updated[kind][text_part] = {code: text for code, text in of_part.items() if text}
    updated[kind] = {
        text_part: by_language
        for text_part, by_language in updated.get(kind, {}).items()
        if by_language
    }
    return {k: parts for k, parts in updated.items() if parts}


def changeable_kinds() -> list[str]:
    """The kinds of messages whose texts offices may change."""
    return [code for code, kind in WITH_OWN_TEXTS.items() if not kind.is_retired]


def preview_message(
    office: OfficeSnapshot, code: str, language: str, words: dict[Part, str], *, now: datetime
) -> Preview | None:
    """A message with these texts about a sample visit; None if the office has nothing to book."""
    kind = WITH_OWN_TEXTS[code]
    booking = _sample(office, kind, language, now)
    if booking is None:
        return None
    rules = office.row.message_rules
    row = Office.objects.get(pk=office.office_id)
    row.messages_data = replace(
        rules, texts=put_texts(rules.texts, code, language, tidy_texts(words))
    ).data()
    message = Message(pk=0, office=row, kind=kind.variant_of or code, event=0)
    if kind.audience is Audience.TICKET_HOLDER:
        message.alert = _sample_alert(booking, office, now)
    elif kind.audience is Audience.WAITING:
        message.entry = _sample_entry(booking, now)
    else:
        message.booking = booking
    if kind.sample_slots:
        message.offer = _sample_offer(booking, now, slots=kind.sample_slots)
    mail = compose_mail(message, now=now) if kind.mail else None
    sms = compose_sms(message, now=now).text if kind.sms else ""
    plain = gsm7.is_gsm7(sms)
    return Preview(
        mail, sms, gsm7.count_septets(sms) if plain else len(sms), gsm7.count_parts(sms), plain
    )


def _sample(office: OfficeSnapshot, kind: Kind, language: str, now: datetime) -> Booking | None:
    """An unsaved sample booking next week at nine; None if nothing can be booked."""
    services = [
        service for service in office.services.values() if service.bookable and not service.retired
    ]
    lane = Lane.objects.filter(office=office.row).order_by("pk").first()
    if not services or lane is None:
        return None
    day = calendar.day_of(now, office.tz) + timedelta(days=7)
    starts_at = calendar.local_instant(day, 9 * 60, office.tz)
    return Booking(
        id=SAMPLE_ID,
        office=office.row,
        service=services[0],
        lane=lane,
        date=day,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=services[0].duration_min),
        expires_at=now + timedelta(minutes=15),
        state=kind.sample_state,
        language=language,
        pin="" if kind.sample_state == BookingState.UNCONFIRMED else SAMPLE_PIN,
        short_code=SAMPLE_CODE,
        email="jana@example.cz",
        phone="+420777123456",
    )


def _sample_entry(booking: Booking, now: datetime) -> WaitingListEntry:
    """An unsaved sample entry of the waiting list."""
    return WaitingListEntry(
        id=SAMPLE_ID,
        office=booking.office,
        service=booking.service,
        from_date=booking.date,
        to_date=booking.date + timedelta(days=7),
        weekdays=[0, 1, 2, 3, 4],
        from_min=8 * 60,
        to_min=12 * 60,
        language=booking.language,
        email=booking.email,
        phone=booking.phone,
        short_code=SAMPLE_CODE,
        queued_at=now,
        created_at=now,
    )


def _sample_alert(booking: Booking, office: OfficeSnapshot, now: datetime) -> TurnAlert:
    """An unsaved sample alert of a ticket's turn."""
    counter = next((c for c in office.open_counters()), None)
    ticket = Ticket(
        office=booking.office,
        letter=office.agenda_of(office.services[booking.service_id]).letter,
        number=17,
        service_id=booking.service_id,
        counter_id=counter.pk if counter else None,
        code=SAMPLE_CODE,
    )
    return TurnAlert(
        office=booking.office,
        id=SAMPLE_ID,
        ticket=ticket,
        email=booking.email,
        phone=booking.phone,
        language=booking.language,
        asked_at=now,
    )


def _sample_offer(booking: Booking, now: datetime, *, slots: int) -> Offer:
    """An unsaved sample offer of that many slots, an hour apart."""
    offer = Offer(
        id=SAMPLE_ID,
        office=booking.office,
        short_code=SAMPLE_CODE,
        created_at=now,
        expires_at=now + timedelta(hours=6),
    )
    claims = []
    for hours in range(1, slots + 1):
        claim = copy(booking)
        claim.starts_at += timedelta(hours=hours)
        claim.ends_at += timedelta(hours=hours)
        claims.append(claim)
    # As if prefetched, because unsaved claims cannot be queried.
    offer._prefetched_objects_cache = {"claims": claims}  # type: ignore[attr-defined]  # noqa: SLF001
    return offer


def own_texts(office: OfficeSnapshot, kind: str, language: str) -> dict[Part, str]:
    """The office's own texts by part; empty where it has none."""
    texts = office.row.message_rules.texts
    return {
        part: message_texts.office_text(texts, kind, part, language) for part in message_texts.PARTS
    }


def default_text(kind: str, text_part: Part, language: str) -> str:
    """The default subject or short message, with placeholders as offices write them."""
    with translation.override(language):
        registered = WITH_OWN_TEXTS[kind]
        subject = registered.mail.subject if registered.mail else ""
        usual = registered.sms.usual if registered.sms else ""
        text = {"subject": subject, "sms": usual}.get(text_part, "")
        return translation.gettext(text) % NAMES if text else ""


NAMES = {name: f"{{{name}}}" for name in message_texts.SHORT} | {
    "url": "{link}",
    "start": "{when}",
    "starts": "{terms}",
    "matter": "{service}",
}
