"""Composing of short messages, in one part wherever that can be done politely."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from prepazka.booking.diaries import official_of
from prepazka.booking.models import Booking, Offer
from prepazka.core import gsm7
from prepazka.core.locales import has_latin_letters
from prepazka.core.message_texts import fill_placeholders, office_text
from prepazka.messaging.contexts import (
    how_in_words,
    join_in_words,
    late_min,
    offered_slots,
    short_url,
    start_in_words,
)
from prepazka.messaging.kind_parts import SmsText
from prepazka.messaging.kinds import kind_of_texts
from prepazka.messaging.message_types import Sms
from prepazka.messaging.models import Message, Person
from prepazka.offices.models import Mode
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.queueing.models import TurnAlert

# A meeting by telephone or by video needs no PIN.
REMOTE = gettext_noop("%(office)s: %(when)s %(how)s. Details, change, cancel: %(url)s")
LONGEST_MATTER = 40
# Short forms that Czech offices use themselves.
SHORTER = (
    ("Magistrát hlavního města", "Magistrát"),
    ("Magistrát statutárního města", "Magistrát"),
    ("Magistrát města", "Magistrát"),
    ("Úřad městské části", "ÚMČ"),
    ("Městský úřad", "MěÚ"),
    ("Obecní úřad", "OÚ"),
    ("Úřad městyse", "ÚM"),
    ("Town Office", ""),
    ("Municipal Office", ""),
)
PARTS_OF_PLAIN, PARTS_OF_UNICODE = 1, 2


def compose_sms(message: Message, *, now: datetime) -> Sms:
    """The short message as it would be sent now, in its recipient's language."""
    person, office = message.person, snapshot_of(message.office)
    rules = office.row.message_rules
    # Letters other than Latin have no likeness in the alphabet of septets.
    wide = rules.unicode or not has_latin_letters(person.language)
    with translation.override(person.language), timezone.override(office.tz):
        text = _fitted_text(message, office, wide=wide)
    return Sms(
        e164=person.phone,
        text=text,
        idempotency_key=f"{person.pk.hex[:12]}-{message.pk}",
        allow_unicode=wide,
        sender=rules.sender,
    )


def _fitted_text(message: Message, office: OfficeSnapshot, *, wide: bool) -> str:
    kind, texts = kind_of_texts(message).code, _sms_text(message)
    placeholders = sms_placeholders(message, office)
    own_text = office_text(message.office.message_rules.texts, kind, "sms", message.person.language)
    usual_text = texts.usual
    if message.booking and message.booking.mode != Mode.PERSON and texts.names_pin:
        usual_text, own_text = REMOTE, "" if "{pin}" in own_text else own_text
    office_names = list(shortened_names(str(office.row.name)))
    attempts = [(usual_text, name) for name in office_names]
    if texts.with_matter and not own_text:
        full_names = [name for name in office_names[:2] if name]  # unabbreviated and abbreviated
        attempts = [(texts.with_matter, name) for name in full_names] + attempts
    if texts.briefer and not own_text:
        attempts.append((texts.briefer, ""))
    max_parts, text = (PARTS_OF_UNICODE if wide else PARTS_OF_PLAIN) + texts.more_parts, ""
    for usual, name in attempts:
        placeholders["office"] = name
        filled = fill_placeholders(own_text, placeholders) if own_text else _(usual) % placeholders
        text = filled.removeprefix(": ")
        text = text.replace("\u00a0", " ") if wide else gsm7.without_diacritics(text)
        if gsm7.count_parts(text) <= max_parts:
            break
    reason = message.booking.cancel_reason if message.booking else ""
    return _with_reason(text, reason, wide=wide) if texts.with_reason and reason else text


def _sms_text(message: Message) -> SmsText:
    """The texts of the message's kind. Raises LookupError for a kind that has no short message."""
    text = kind_of_texts(message).sms
    if text is None:
        raise LookupError(f"there is no short message of the kind {message.kind}")
    return text


def _with_reason(text: str, reason: str, *, wide: bool) -> str:
    """The text with the reason, at most one part longer; a long reason is cut, the page has all."""
    max_parts = max(gsm7.count_parts(text), PARTS_OF_UNICODE if wide else PARTS_OF_PLAIN) + 1
    words = reason.split()
    for count in range(len(words), 0, -1):
        shortened = " ".join(words[:count]) + ("" if count == len(words) else "...")
        longer = f"{text} {_('Reason:')} {shortened}"
        longer = longer.replace("\u00a0", " ") if wide else gsm7.without_diacritics(longer)
        if gsm7.count_parts(longer) <= max_parts:
            return longer
    return text


def sms_placeholders(message: Message, office: OfficeSnapshot) -> dict[str, str]:
    """The values of placeholders in texts of short messages; empty if they do not apply."""
    booking, offer, alert = message.booking, message.offer, message.alert
    counter = office.counters.get(alert.ticket.counter_id or 0) if alert else None
    until = offer.expires_at if offer else booking and booking.expires_at
    url = short_url(offer.short_code) if offer else url_of(message.person, office)
    service = str(office.services[message.person.service_id].name)
    return {
        "when": _when(booking, office) if booking else "",
        "pin": booking.pin if booking else "",
        "how": how_in_words(booking.mode) if booking else "",
        "minutes": str(late_min(booking)) if booking else "",
        "join": join_in_words(booking, office) if booking else "",
        "service": service,
        "matter": _matter(service),
        "official": _official(booking, office) if booking else "",
        "until": (_day_and_clock(until) if offer else _clock(until)) if until else "",
        "url": url,
        "link": url,
        "cancel": f"{url}x/" if booking and booking.short_code else url,
        "terms": _numbered_slots(offer, office) if offer else "",
        "start": start_in_words(booking) if booking else "",
        "starts": _numbered_starts(offer, office) if offer else "",
        **dict.fromkeys(("system", "what", "expected"), ""),
        "number": alert.ticket.label if alert else "",
        "counter": counter.number if counter else "",
        **_sms_text(message).values(message, office),
    }


def _matter(service: str) -> str:
    """The name of the service, cut after a whole word if it is long."""
    if len(service) <= LONGEST_MATTER:
        return service
    return service[: LONGEST_MATTER - 2].rpartition(" ")[0].rstrip(" ,–-") + "..."


def _official(booking: Booking, office: OfficeSnapshot) -> str:
    official = official_of(office, booking)
    return str(official.name) if official else ""


def _numbered_slots(offer: Offer, office: OfficeSnapshot) -> str:
    """The slots of an offer with the numbers to reply; a single slot has no number."""
    times = [_when(slot.booking, office) for slot in offered_slots(offer, office)]
    if len(times) == 1:
        return times[0]
    return ", ".join(f"{number}) {when}" for number, when in enumerate(times, start=1))


def _numbered_starts(offer: Offer, office: OfficeSnapshot) -> str:
    """The slots of an offer by their starts alone, so that three fit with a URL."""
    times = [f"{t.number}) {start_in_words(t.booking)}" for t in offered_slots(offer, office)]
    return ", ".join(times)


def shortened_names(name: str) -> Iterator[str]:
    """The name of the office and shorter and shorter forms of it, the last one empty."""
    yield name
    for long, short in SHORTER:
        name = name.replace(long, short)
    words = name.split()
    while words:
        yield " ".join(words)
        words.pop()
        while words and len(words[-1]) <= 2:  # noqa: PLR2004  # a preposition or a dash left over
            words.pop()
    yield ""


def url_of(person: Person, office: OfficeSnapshot) -> str:
    """The URL for a short message: the short one, or the office's page if there is none."""
    if isinstance(person, TurnAlert):
        return settings.BASE_URL + reverse("ticket:page", args=[person.ticket.code])
    if person.short_code:
        return short_url(person.short_code)
    return settings.BASE_URL + reverse("citizen:office", args=[office.slug])


def _when(booking: Booking, office: OfficeSnapshot) -> str:
    start, end = timezone.localtime(booking.starts_at), timezone.localtime(booking.ends_at)
    exact = office.rules_of(office.services[booking.service_id]).kind == "slot"
    start_text = date_format(start, "D j.n. G:i")
    return start_text if exact else f"{start_text}-{date_format(end, 'G:i')}"


def _clock(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "G:i")


def _day_and_clock(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "j.n. G:i")
