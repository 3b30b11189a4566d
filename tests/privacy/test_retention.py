"""A day with marked people through every way in: after retention no table and no file has a mark left.

The controls take one eraser away each, and find what it would have erased.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as configured
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from psycopg import sql

from prepazka.booking import booking_lifecycle, call_entries
from prepazka.booking.disruptions import apply_disruption
from prepazka.booking.impact_preview import impact_of
from prepazka.booking.models import Booking, CallListEntry
from prepazka.booking.private_appointments import add_appointment
from prepazka.booking.waiting_list import Wanted, confirm_entry, join_waiting_list
from prepazka.core.contact import Contact
from prepazka.core.interval import Interval
from prepazka.jobs import document_jobs, housekeeping, rounds
from prepazka.jobs.periodic_steps import STEPS, Every
from prepazka.journal.models import Event
from prepazka.meetings import documents, minutes, participants, room, storage
from prepazka.meetings.models import Meeting, Participant
from prepazka.messaging import message_delivery
from prepazka.messaging.message_types import Incoming, Undeliverable
from prepazka.messaging.models import Message
from prepazka.messaging.replies import handle_reply
from prepazka.offices.models import HoursException, Office
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_of
from prepazka.privacy import remembered_erasures
from prepazka.privacy.erasure import erase_person
from prepazka.privacy.records import find_records, mark_of
from prepazka.privacy.retention import RETENTION
from prepazka.queueing import counters, tickets, turn_alerts, turns
from prepazka.queueing.models import TurnAlert
from prepazka.queueing.turn_alerts import AlertContact
from prepazka.web import idempotency, limits, readings
from prepazka.web.models import IdempotentReply, RateCount
from tests import citizen, meetings, officials, papers, town
from tests import rounds as worker
from tests.citizen import Clock

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
NOW, DAY = town.FRIDAY_BEFORE, town.MONDAY
NAME, EMAIL, PHONE = "Jana Zmizíková", "zmizikova@posta.example", "+420777987654"
GUEST, GUEST_EMAIL = "Petr Hostík", "hostik@posta.example"
WORDS, STAFF = "Tajnostka", "Poznamkář"
# As they stand in rows, in folded names, in file names and in addresses.
PERSON = re.compile(r"zmiz[ií]k|777 ?987 ?654|tajnostk", re.IGNORECASE)
MARKS = re.compile(rf"{PERSON.pattern}|host[ií]k|poznamk[aá][rř]", re.IGNORECASE)
LATER = town.at("12:00", DAY + timedelta(days=600))


def dump() -> dict[str, str]:
    """Every table of the database as COPY writes it, sessions as they read."""
    texts = {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in cursor.fetchall():
            cursor.execute(
                sql.SQL("SELECT coalesce(string_agg(t::text, chr(10)), '') FROM {} t").format(
                    sql.Identifier(table)
                )
            )
            texts[table] = cursor.fetchone()[0]
    texts["sessions, decoded"] = "\n".join(
        str(session.get_decoded()) for session in Session.objects.all()
    )
    return texts


def left(marks: re.Pattern[str], files: Path) -> set[str]:
    """Where a mark is: tables, and files by their names and content."""
    tables = {table for table, text in dump().items() if marks.search(text)}
    return tables | {
        "files"
        for path in files.rglob("*")
        if path.is_file()
        and (marks.search(str(path)) or marks.search(path.read_bytes().decode("utf-8", "ignore")))
    }


@dataclass
class Day:
    """What became of the day: two offices, and the folder of files."""

    town: OfficeSnapshot
    officials: OfficeSnapshot
    files: Path


@pytest.fixture
def day(files: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Day:
    settings.SMS_GATEWAY = "file"
    where = town.office("mesto", quota=4, waiting_list=True, max_open_per_contact=9)
    Office.objects.update(messages_data={"sms": True}, version=99)
    where = snapshot_of(Office.objects.get(pk=where.office_id))
    _on_the_web(monkeypatch)
    _at_the_desk_and_kiosk(where)
    _on_the_waiting_list(where)
    diary = meetings.office()
    _in_a_meeting(diary)
    _absent(diary)
    _deliver()
    Message.objects.filter(pk=Message.objects.order_by("pk").values("pk")[:1]).update(
        error=f"550 <{EMAIL}>: of an older release", gateway_id="777987654"
    )
    before = left(MARKS, files)
    assert before >= {
        *("booking_booking", "booking_waitinglistentry", "queueing_turnalert", "booking_busy"),
        *("meetings_participant", "meetings_said", "meetings_document", "meetings_minutes"),
        *("meetings_minutesversion", "meetings_minutescomment", "meetings_meeting"),
        *("messaging_message", "booking_disruption", "queueing_shift", "files"),
    }, before
    assert "journal_event" not in before
    assert not [table for table in before if table.startswith("procrastinate")]
    return Day(where, diary, files)


def _on_the_web(monkeypatch: pytest.MonkeyPatch) -> None:
    """A form that was left half filled in, and one that was sent."""
    Clock(monkeypatch)
    client = Client()
    slug = "/mesto/objednat/prepis/2026-11-23/"
    citizen.take(client, "8:00", slug)
    half = Booking.objects.latest("created_at")
    booking_lifecycle.note_contact(
        booking=half.pk, contact=Contact(name=NAME, email=EMAIL, phone=PHONE), topic=WORDS, now=NOW
    )
    held = town.hold(snapshot_of(Office.objects.get(slug="mesto")), "9:00")
    booking_lifecycle.note_contact(
        booking=held.pk, contact=Contact(name=NAME, email=EMAIL), topic=WORDS, now=NOW
    )
    booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name=NAME, email=EMAIL, phone=PHONE), now=NOW
    )
    booking_lifecycle.confirm_booking(booking=held.pk, now=NOW)
    booking_lifecycle.cancel_booking(
        booking=held.pk, now=NOW, by_office=True, actor=0, reason=WORDS
    )


def _at_the_desk_and_kiosk(where: OfficeSnapshot) -> None:
    """Booked by telephone, told by SMS, came to the kiosk, called, missed; a walk-in wants a notice."""
    held = town.hold(where, "10:00", channel="phone")
    booked = booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name=NAME, phone=PHONE), now=NOW, actor=0
    )
    _deliver()
    handle_reply(Incoming(PHONE, f"KDY {WORDS}"), gateway="file", now=NOW)
    handle_reply(Incoming(PHONE, "STOP"), gateway="file", now=NOW)
    call_entries.put_on_call_list(booking=booked.pk, reason=CallListEntry.Reason.CALL_ME, now=NOW)
    entry = CallListEntry.objects.get(booking=booked)
    clerk = town.clerk(where, "prepazkova")
    call_entries.take_call(entry=entry.pk, actor=clerk.pk, now=NOW)
    call_entries.note_unreached(entry=entry.pk, actor=clerk.pk, now=NOW)
    member = clerk.memberships.get()
    readings.note_search(member, EMAIL, now=NOW)
    readings.note_booking(member, booked, now=NOW)
    at = town.at("10:00")
    with_pin: dict[str, Any] = {"office": where, "device": town.kiosk(where), "pin": booked.pin}
    came = tickets.check_in(**with_pin, touch=uuid4(), now=at)
    assert came.ticket
    walk_in = tickets.issue_ticket(office=where, service=town.service(where), touch=uuid4(), now=at)
    turn_alerts.request_alert(
        ticket=walk_in.pk, contact=AlertContact(email=EMAIL, phone=PHONE), language="cs", now=at
    )
    shift = counters.open_counter(counter=town.counter(where), clerk=clerk.pk, now=at)
    turns.call_next(office=where, clerk=clerk.pk, now=at)
    turns.mark_no_show(office=where, clerk=clerk.pk, now=at + timedelta(minutes=3))
    counters.pause_counter(shift=shift, note=STAFF, now=at + timedelta(minutes=4))
    counters.close_counter(shift=shift, now=at + timedelta(minutes=9))
    shift.refresh_from_db()
    assert shift.pause_note == STAFF
    RateCount.objects.create(scope="hold", key="x", starts_at=NOW, tries=1)
    IdempotentReply.objects.create(principal="staff:1", key=uuid4(), asked="x", answer={}, at=NOW)


def _on_the_waiting_list(where: OfficeSnapshot) -> None:
    entry = join_waiting_list(
        office=where,
        service=town.service(where),
        wish=Wanted(DAY, DAY),
        contact=Contact(name=NAME, email=EMAIL, phone=PHONE),
        now=NOW,
    )
    confirm_entry(entry=entry.pk, now=NOW)


def _in_a_meeting(where: OfficeSnapshot) -> None:
    """Jana and her guest: chat, a document, minutes with a remark, all ended and printed."""
    held = officials.hold(where, "9:00", mode="video", code="novakova")
    booking_lifecycle.note_contact(
        booking=held.pk, contact=Contact(name=NAME, email=EMAIL, phone=PHONE), topic=WORDS, now=NOW
    )
    booking = booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name=NAME, email=EMAIL, phone=PHONE), now=NOW
    )
    participants.meeting_for(booking, NOW)
    guest = participants.invite_guest(
        booking=booking.pk, name=GUEST, email=GUEST_EMAIL, language="cs", now=NOW
    )
    Meeting.objects.update(address=f"https://video.example/{WORDS}")
    jana = participants.citizen_of(booking)
    chair = Participant.objects.get(role="chair")
    assert jana
    at = town.at("9:00")
    for who in (chair, jana, guest):
        room.enter_room(participant=who.pk, link=who.link, now=at)
        if who != chair:
            room.admit_participant(chair=chair.pk, participant=who.pk, now=at)
        who.refresh_from_db()
    assert jana.seat
    room.post_chat_message(participant=jana.pk, seat=jana.seat, text=f"{WORDS} od Jany", now=at)
    document = documents.add_document(
        participant=jana.pk,
        link=jana.link,
        name=f"{WORDS}.pdf",
        file=papers.file(papers.pdf(WORDS), f"{WORDS}.pdf"),
        now=at,
    )
    document_jobs.inspect_document(document=document.pk, now=at)
    begun = minutes.begin_minutes(participant=chair.pk, now=at)
    minutes.comment_on_minutes(participant=jana.pk, link=jana.link, text=WORDS, now=at)
    saved = minutes.save_minutes(
        participant=chair.pk,
        base=1,
        content={**begun.content, "conclusions": f"{NAME}: {WORDS}"},
        now=at,
    )
    closed = minutes.close_minutes(participant=chair.pk, version=saved.version, now=at)
    minutes.store_pdf(minutes=closed.pk, pdf=papers.pdf(WORDS), now=at)
    room.end_meeting(chair=chair.pk, now=at + timedelta(minutes=15))


def _absent(where: OfficeSnapshot) -> None:
    """The official falls ill, and had an appointment of her own; both have words of hers."""
    head = town.clerk(where, "vedouci", "head")
    official = officials.official(where)
    absence = [
        HoursException(
            office=where.row,
            official=official,
            kind="closed",
            from_date=DAY + timedelta(days=7),
            to_date=DAY + timedelta(days=7),
        )
    ]
    held = officials.hold(where, "8:00", "novakova")
    booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name=NAME, email=EMAIL, phone=PHONE), now=NOW
    )
    seen = impact_of(office=where, exceptions=absence, now=NOW).token
    apply_disruption(
        office=where, exceptions=absence, seen_token=seen, now=NOW, actor=head.pk, note=STAFF
    )
    start = town.at("17:00")
    add_appointment(
        office=where,
        official=official,
        times=[Interval(start, start + timedelta(minutes=30))],
        title=f"{STAFF}: {NAME}",
        now=NOW,
        actor=head.pk,
    )


def _deliver() -> None:
    """Follow up on every event; each mail is refused with an answer that names the address."""

    def refuse(mail: Any) -> None:
        raise Undeliverable(f"550 5.1.1 <{EMAIL}> {PHONE} unknown", permanent=True)

    for event in Event.objects.order_by("pk"):
        for message in message_delivery.compose_messages(event=event.pk, now=NOW):
            gateways = dict.fromkeys(("email", "sms", "push"), refuse)
            with suppress(Undeliverable):
                message_delivery.deliver_message(message=message.pk, gateways=gateways, now=NOW)


def run_retention(*, now: Any = LATER) -> None:
    """What the worker does in that night."""
    worker.run("follow_offers", "offer_places", now=now - timedelta(days=2))
    worker.tidy(now=now)
    # As if the transaction that ended the ticket had left the contact.
    TurnAlert.objects.update(email=EMAIL)
    worker.run(*(step.name for step in STEPS.values() if step.every is Every.DAY), now=now)


def test_nothing_is_left_in_any_table_or_file(day: Day) -> None:
    run_retention()
    assert left(MARKS, day.files) == set()
    assert [path.name for path in day.files.rglob("*") if path.is_file()] == [storage.MARKER]
    assert not IdempotentReply.objects.exists()
    assert not RateCount.objects.exists()
    assert not Event.objects.filter(kind__in=housekeeping.LOOKS).exists()
    assert Event.objects.filter(kind="BookingConfirmed").exists()


def test_the_day_after_nothing_is_erased_too_early(day: Day) -> None:
    before = left(MARKS, day.files)
    run_retention(now=town.at("4:00", DAY + timedelta(days=1)))
    # The message with the mark is about a booking that was cancelled on Friday.
    over = {"booking_waitinglistentry", "queueing_turnalert", "messaging_message"}
    assert left(MARKS, day.files) >= before - over
    assert Event.objects.filter(kind="ContactShown").exists()


@pytest.mark.parametrize(
    ("module", "eraser", "leaves"),
    [
        (rounds, "erase_personal_data", {"booking_booking", "meetings_said", "messaging_message"}),
        (rounds, "erase_entries", {"booking_waitinglistentry"}),
        (rounds, "erase_meetings", {"meetings_said", "meetings_participant", "meetings_meeting"}),
        (
            rounds,
            "erase_traces",
            {"messaging_message", "booking_busy", "booking_disruption", "queueing_shift"},
        ),
        (rounds, "erase_papers", {"meetings_document", "meetings_minutes", "files"}),
        (turn_alerts, "erase_contacts_of_ended", {"queueing_turnalert"}),
    ],
)
def test_control_without_an_eraser_its_marks_are_found(
    day: Day, monkeypatch: pytest.MonkeyPatch, module: Any, eraser: str, leaves: set[str]
) -> None:
    monkeypatch.setattr(module, eraser, lambda **_: 0)
    run_retention()
    assert left(MARKS, day.files) >= leaves


def test_who_is_erased_on_request_is_nowhere_any_more(
    day: Day, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    Message.objects.update(error=f"550 <{EMAIL}>")
    with django_capture_on_commit_callbacks(execute=True):
        for office in (day.town, day.officials):
            for words in (EMAIL, PHONE):
                _erase(office, words)
    for event in Event.objects.filter(kind="PersonErased"):
        rounds.erase_after(event=event.pk, now=NOW)
    # Of others and of the staff; the marks of staff name her in the title of an appointment.
    assert left(PERSON, day.files) <= {"booking_busy", "meetings_meeting"}
    kept = [path.name for path in day.files.rglob("*") if path.is_file()]
    assert all(name == storage.MARKER or remembered_erasures.NAME.fullmatch(name) for name in kept)


def _erase(office: OfficeSnapshot, words: str) -> None:
    records = find_records(office, words)
    if not records:
        return
    erase_person(
        office=office,
        words=words,
        seen_token=records.token,
        chosen=[mark_of(root, row) for root, row in records.rows()],
        identity="document",
        confirmed=True,
        now=NOW,
        actor=0,
    )


def table_of(heading: str) -> list[list[str]]:
    """The rows of the first table under the heading in docs/security.md."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    table = section.partition("\n| ")[2].partition("\n\n")[0]
    rows = [line for line in f"| {table}".splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows][1:]


def test_the_document_says_what_the_code_does() -> None:
    rows = [[kept.what, kept.how_long, kept.setting, kept.step] for kept in RETENTION]
    written = [[*row[:3], row[3].strip("`")] for row in table_of("Privacy and retention")]
    assert written == rows


def test_every_step_that_erases_is_in_the_list() -> None:
    listed = {kept.step for kept in RETENTION} - {"–"}
    assert listed <= STEPS.keys()
    erasing = {
        name
        for name, step in STEPS.items()
        if step.erases or name.startswith(("erase", "forget", "clear"))
    }
    assert erasing - {"forget_old_steps"} <= listed


def test_what_higher_layers_keep_is_kept_as_long_as_the_step_says() -> None:
    assert (housekeeping.COUNTS, housekeeping.ANSWERS) == (limits.KEEP, idempotency.KEEP)
    assert configured.AUDIT_DAYS == 550
