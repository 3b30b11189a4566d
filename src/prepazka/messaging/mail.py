"""Composing of mails and of the calendar files attached to them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from email.utils import formataddr
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from prepazka.booking import booking_links
from prepazka.booking.event_uids import mail_host, mailed_uid
from prepazka.booking.models import Booking, BookingState
from prepazka.core.crest_images import crest_for_mail
from prepazka.core.message_texts import Texts, fill_placeholders, office_text
from prepazka.meetings import storage
from prepazka.meetings.models import Minutes, Participant
from prepazka.messaging.contexts import (
    WHAT_AND_WHEN,
    Fact,
    facts_of,
    facts_without,
    how_in_words,
    mail_placeholders,
    room_url,
    url_of,
)
from prepazka.messaging.kind_parts import MailText
from prepazka.messaging.kinds import kind_of_texts
from prepazka.messaging.message_context import context_of_message
from prepazka.messaging.message_types import Attachment, Mail, Undeliverable
from prepazka.messaging.models import Message
from prepazka.offices.crests import crest_of
from prepazka.offices.models import Mode, Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of

PDF_MISSING = gettext_noop("the PDF of the minutes is missing in the storage")
# How long before the start a calendar reminds of a visit, and of a call or video meeting.
ALARM, ALARM_AT_DESK = timedelta(hours=1), timedelta(minutes=15)
# States in which the event is removed from the person's calendar.
GONE = {BookingState.CANCELLED_BY_CITIZEN, BookingState.CANCELLED_BY_OFFICE, BookingState.DISPLACED}


def compose_mail(message: Message, *, now: datetime) -> Mail:
    """The mail as it would be sent now, in its recipient's language."""
    person, office = message.to, snapshot_of(message.office)
    with translation.override(person.language), timezone.override(office.tz):
        crest, pictures = _crest(office.row)
        context = context_of_message(message, office, now=now) | {"crest": crest}
        texts = message.office.message_rules.texts
        if message.participant:
            subject, text, html = _subject_and_texts_for_participant(message, context)
        else:
            subject, text, html = _subject_and_texts(
                message, context, mail_placeholders(context), texts
            )
        return Mail(
            to=person.email,
            sender=formataddr((str(office.row.name), settings.DEFAULT_FROM_EMAIL)),
            reply_to=office.row.email,
            subject=subject,
            text=text,
            html=html,
            message_id=f"<{person.pk}.{message.pk}@{mail_host()}>",
            # RFC 3834: tells autoresponders not to answer a machine.
            headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"},
            attachments=(*pictures, *_attachments(message, office, now=now)),
        )


def _crest(office: Office) -> tuple[dict[str, Any], tuple[Attachment, ...]]:
    """The office's crest: its attributes for the HTML, and the attached picture.

    It is attached, because most programs block remote pictures, and loading one would tell us who
    reads which mail when.
    """
    content = crest_of(office)
    if not content:
        return {}, ()
    picture, width, height = crest_for_mail(content)
    content_id = f"crest-{office.crest}@{mail_host()}"
    html_picture = {"url": f"cid:{content_id}", "width": width, "height": height}
    return html_picture, (Attachment("crest.png", picture, "image/png", content_id),)


def _subject_and_texts(
    message: Message, context: dict[str, Any], placeholders: dict[str, str], texts: Texts
) -> tuple[str, str, str]:
    """The subject, text and HTML of a mail, in the office's own words if it has any."""
    kind, language = kind_of_texts(message), message.person.language
    mail_text = _mail_text(message)
    subject = fill_placeholders(office_text(texts, kind.code, "subject", language), placeholders)
    if not subject:
        about = context.get("when") or context.get("number")
        usual = [_(mail_text.subject), about, str(context["office"].name)]
        subject = " – ".join(filter(None, usual))
    own_text = office_text(texts, kind.code, "text", language)
    if placeholders["remote"] and "{pin}" in own_text:
        own_text = ""  # the office's words are for visits with a PIN
    text = fill_placeholders(own_text, placeholders)
    name = "_own" if text else mail_text.template or kind.code
    context |= {"title": subject, "own_text": text}
    return (
        " ".join(subject.split()),
        render_to_string(f"messaging/{name}.txt", context),
        render_to_string(f"messaging/{name}.html", context),
    )


def _subject_and_texts_for_participant(
    message: Message, context: dict[str, Any]
) -> tuple[str, str, str]:
    """The subject, text and HTML of a mail to a participant."""
    mail_text = _mail_text(message)
    subject = " – ".join([_(mail_text.subject), context["when"], str(context["office"].name)])
    context |= {
        "title": subject,
        "sentence": _(mail_text.sentence),
        "entrance": mail_text.entrance,
        "announces_delay": mail_text.announces_delay,
    }
    return (
        " ".join(subject.split()),
        render_to_string(f"messaging/{mail_text.template}.txt", context),
        render_to_string(f"messaging/{mail_text.template}.html", context),
    )


def _mail_text(message: Message) -> MailText:
    """The text of the message's kind. Raises LookupError for a kind that has no mail."""
    text = kind_of_texts(message).mail
    if text is None:
        raise LookupError(f"there is no mail of the kind {message.kind}")
    return text


def _attachments(
    message: Message, office: OfficeSnapshot, *, now: datetime
) -> tuple[Attachment, ...]:
    """The attachments besides the crest: the minutes, a calendar file, or none."""
    booking, attachment = message.booking, _mail_text(message).attachment
    if booking is None or not attachment:
        return ()
    if attachment == "minutes":
        return _minutes(message)
    participant = message.participant
    method = _method(booking, participant, by_mail=True)
    media_type = f"text/calendar; method={method}; charset=utf-8"
    content = calendar_file(booking, office, now=now, participant=participant, by_mail=True)
    return (Attachment("termin.ics", content, media_type),)


def _minutes(message: Message) -> tuple[Attachment, ...]:
    """The PDF of the minutes, attached because a link expires with the booking; none if erased.

    Raises Undeliverable while the storage lacks it.
    """
    minutes = Minutes.objects.filter(meeting__booking=message.booking).exclude(key="").first()
    if minutes is None:
        return ()
    try:
        with storage.open_file(minutes.key, storage.FILE) as pdf:
            return (Attachment("zapis.pdf", pdf.read(), "application/pdf"),)
    except FileNotFoundError as error:
        # The mail says that the minutes are attached, so it waits for the file.
        raise Undeliverable(PDF_MISSING, permanent=False) from error


def calendar_file(
    booking: Booking,
    office: OfficeSnapshot,
    *,
    now: datetime,
    participant: Participant | None = None,
    by_mail: bool = False,
) -> bytes:
    """An iCalendar object (RFC 5545, 5546) of the booking, in UTC; SEQUENCE grows with changes.

    For a `participant` it links to the room only. With `by_mail` it is a REQUEST with an attendee,
    which calendars update and remove by themselves; a downloaded file is a PUBLISH.
    """
    method = _method(booking, participant, by_mail=by_mail)
    cancelled = method == "CANCEL"
    facts = {fact.key: fact for fact in facts_of(booking, office, invited=participant is not None)}
    event = Event()
    event.add("uid", mailed_uid(booking.pk))
    event.add("sequence", booking.sequence)
    event.add("dtstamp", now)
    event.add("dtstart", booking.starts_at)
    event.add("dtend", booking.ends_at)
    event.add("summary", f"{office.services[booking.service_id].name} – {office.row.name}")
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    room = room_url(booking, office, participant)
    if booking.mode == Mode.PERSON:
        place = facts["place"].value if "place" in facts else str(office.row.address)
        event.add("location", place)
    else:
        event.add("location", room or capfirst(how_in_words(booking.mode)))
    if not cancelled:
        event.add("description", _description(booking, facts.values(), room, participant))
        page = url_of("citizen:booking", booking_links.sign_token(booking.pk, "personal"))
        event.add("url", room if participant else page)
        event.add_component(_alarm(booking, str(event["summary"])))
    event.add("organizer", f"mailto:{office.row.email or settings.DEFAULT_FROM_EMAIL}")
    event["organizer"].params["cn"] = vText(str(office.row.name))
    if by_mail:
        event.add("attendee", _attendee(booking, participant), encode=False)
    calendar = Calendar()
    calendar.add("prodid", "-//prepazka//booking//CS")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def _description(
    booking: Booking, facts: Iterable[Fact], room: str, participant: Participant | None
) -> str:
    """The event's description: PIN or entrance to the meeting, and the facts of the booking."""
    lines = []
    if booking.pin and booking.mode == Mode.PERSON and not participant:
        lines.append(_("PIN for the kiosk: %(pin)s") % {"pin": booking.pin})
    if room:
        lines += [_("Join the meeting:"), room]
    in_own_fields = (*WHAT_AND_WHEN, "place")
    lines += [f"{fact.label}: {fact.value}" for fact in facts_without(facts, in_own_fields)]
    return "\n".join(lines)


def _alarm(booking: Booking, summary: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", -(ALARM if booking.mode == Mode.PERSON else ALARM_AT_DESK))
    return alarm


def _attendee(booking: Booking, participant: Participant | None) -> vCalAddress:
    """The recipient as an attendee who has accepted, so that no answer is asked for."""
    person = participant or booking
    attendee = vCalAddress(f"mailto:{person.email}")
    attendee.params["cn"] = vText(person.name or person.email)
    attendee.params["role"] = vText("REQ-PARTICIPANT")
    attendee.params["partstat"] = vText("ACCEPTED")
    attendee.params["rsvp"] = vText("FALSE")
    return attendee


def _method(booking: Booking, participant: Participant | None = None, *, by_mail: bool) -> str:
    away = participant is not None and (
        participant.revoked_at is not None or booking.mode != Mode.VIDEO
    )
    if away or booking.state in GONE:
        return "CANCEL"
    return "REQUEST" if by_mail else "PUBLISH"
