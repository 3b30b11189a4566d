"""A person asks for a copy, a correction, an erasure: what becomes of their records."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from prepazka.booking import booking_lifecycle
from prepazka.booking.models import Booking, WaitingListEntry
from prepazka.booking.refusals import BookingCancelled
from prepazka.booking.waiting_list import Wanted, confirm_entry, join_waiting_list
from prepazka.core.booking_reference import reference_of
from prepazka.core.contact import Contact
from prepazka.core.refusal import Refused
from prepazka.jobs import periodic_steps, rounds
from prepazka.journal.models import Event
from prepazka.meetings import participants, storage, storage_identity
from prepazka.meetings.models import Document, Meeting, Participant
from prepazka.messaging import message_delivery
from prepazka.messaging.models import Message
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.privacy import remembered_erasures
from prepazka.privacy.correction import correct_person
from prepazka.privacy.erasure import erase_person
from prepazka.privacy.models import ErasedRecord
from prepazka.privacy.personal_data_export import export_person
from prepazka.privacy.records import Records, find_records, mark_of
from prepazka.privacy.refusals import (
    ErasureNotConfirmed,
    IdentityNotStated,
    MeetingIsRunning,
    NoRecordChosen,
    NothingToCorrect,
    PersonNotNamed,
    RecordsChanged,
)
from tests import meetings, papers, town

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
JANA = "jana@example.cz"


def marks(records: Records) -> list[str]:
    return [mark_of(root, row) for root, row in records.rows()]


def request_of(office: OfficeSnapshot, words: str = JANA, **more: Any) -> dict[str, Any]:
    records = find_records(office, words)
    clerk = {"now": NOW, "actor": 0, "identity": "document"}
    return {
        "office": office,
        "words": words,
        "seen_token": records.token,
        "chosen": marks(records),
        **clerk,
        **more,
    }


def erase(office: OfficeSnapshot, words: str = JANA, **more: Any) -> Any:
    return erase_person(**request_of(office, words, **{"confirmed": True, **more}))


def test_a_person_is_found_exactly_and_in_one_office_only() -> None:
    office, other = town.office(quota=3, max_open_per_contact=9), town.office("jinde")
    first = town.confirmed(office, "9:00", email=JANA)
    second = town.confirmed(office, "9:00", email="Jana+urad@example.cz")
    town.confirmed(office, "9:00", email="jana.mala@example.cz")
    elsewhere = town.confirmed(other, "9:00", email=JANA)
    same = {first.pk, second.pk}
    assert {b.pk for b in find_records(office, " JANA@example.cz ").bookings} == same
    assert {b.pk for b in find_records(office, reference_of(first.pk)).bookings} == same
    assert {b.pk for b in find_records(other, JANA).bookings} == {elsewhere.pk}
    assert not find_records(other, reference_of(first.pk))
    erase(office)
    assert find_records(other, JANA)
    assert not find_records(office, JANA)


@pytest.mark.parametrize("words", ["Jana", "jana@", "+420 777 12", "1234", "jana", ""])
def test_half_a_contact_names_nobody(words: str) -> None:
    with pytest.raises(PersonNotNamed):
        find_records(town.office(), words)


def test_a_number_is_found_however_it_is_written() -> None:
    office = town.office()
    held = town.hold(office)
    booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name="Jana", phone="+420777123456"), now=NOW
    )
    assert find_records(office, "tel. 777 123 456").bookings == [held]


def test_erasing_empties_the_rows_and_cancels_what_is_to_come() -> None:
    office = town.office(quota=2, waiting_list=True, max_open_per_contact=9)
    booking = town.confirmed(office, "9:00", email=JANA)
    entry = join_waiting_list(
        office=office,
        service=town.service(office),
        wish=Wanted(town.MONDAY, town.MONDAY),
        contact=Contact(name="Jana", email=JANA),
        now=NOW,
    )
    confirm_entry(entry=entry.pk, now=NOW)
    for event in Event.objects.all():
        message_delivery.compose_messages(event=event.pk, now=NOW)
    Message.objects.update(error=f"550 <{JANA}> unknown", gateway_id="123")
    answer = erase(office)
    assert (answer.records, answer.cancelled) == (2, 1)
    booking.refresh_from_db()
    entry.refresh_from_db()
    assert (booking.name, booking.email, booking.pin, booking.contact_hash) == ("", "", "", "")
    assert (booking.state, booking.erased_at) == ("cancelled_by_citizen", NOW)
    assert (entry.name, entry.email, entry.state, entry.erased_at) == ("", "", "left", NOW)
    rows = set(Message.objects.values_list("state", "error", "gateway_id"))
    assert rows == {("failed", message_delivery.NO_LONGER_NEEDED, "")}
    assert town.hold(office, "9:00").state == "held"
    assert not [e for e in Event.objects.all() if "jana" in json.dumps(e.data).lower()]
    event = Event.objects.get(kind="PersonErased")
    assert event.data == {
        "identity": "document",
        "bookings": 1,
        "entries": 1,
        "invitations": 0,
        "alerts": 0,
        "cancelled": 1,
    }
    # The follow-ups write to nobody.
    before = Message.objects.count()
    for event in Event.objects.all():
        message_delivery.compose_messages(event=event.pk, now=NOW)
    assert Message.objects.count() == before
    with pytest.raises(BookingCancelled):
        booking_lifecycle.confirm_booking(booking=booking.pk, now=NOW)


def test_a_family_with_one_address_is_told_apart() -> None:
    office = town.office(quota=2, max_open_per_contact=9)
    hers = town.confirmed(office, "9:00", email=JANA)
    his = town.confirmed(office, "9:00", email=JANA)
    erase(office, chosen=[f"booking:{hers.pk}"])
    assert find_records(office, JANA).bookings == [his]


@pytest.mark.parametrize(
    ("more", "refusal"),
    [
        ({"identity": ""}, IdentityNotStated),
        ({"identity": "Jana"}, IdentityNotStated),
        ({"confirmed": False}, ErasureNotConfirmed),
        ({"chosen": []}, NoRecordChosen),
        ({"chosen": ["booking:jina"]}, NoRecordChosen),
        ({"seen_token": "x"}, RecordsChanged),
    ],
)
def test_nothing_is_erased_where_something_is_missing(
    more: dict[str, Any], refusal: type[Refused]
) -> None:
    office = town.office()
    town.confirmed(office, email=JANA)
    with pytest.raises(refusal):
        erase(office, **more)
    assert find_records(office, JANA)
    assert not Event.objects.filter(kind="PersonErased").exists()


def test_what_changed_since_the_look_is_looked_at_again() -> None:
    office = town.office()
    booking = town.confirmed(office, email=JANA)
    wanted = request_of(office, confirmed=True)
    booking_lifecycle.cancel_booking(booking=booking.pk, now=NOW)
    with pytest.raises(RecordsChanged):
        erase_person(**wanted)


def test_a_correction_reaches_every_place_and_messages_that_wait(settings: Any) -> None:
    office = town.office(waiting_list=True, max_open_per_contact=9)
    booking = town.confirmed(office, email=JANA)
    entry = join_waiting_list(
        office=office,
        service=town.service(office),
        wish=Wanted(town.MONDAY, town.MONDAY),
        contact=Contact(name="Jana", email=JANA),
        now=NOW,
    )
    event = Event.objects.filter(kind="BookingConfirmed").get()
    (waiting,) = message_delivery.compose_messages(event=event.pk, now=NOW)
    with pytest.raises(NothingToCorrect):
        correct_person(**request_of(office), correction=Contact())
    right = Contact(name="Jana Malá", email="mala@example.cz")
    assert correct_person(**request_of(office), correction=right) == 2
    for row in (booking, entry):
        row.refresh_from_db()
        assert (row.name, row.email) == ("Jana Malá", "mala@example.cz")
    assert not find_records(office, JANA)
    assert len(marks(find_records(office, "mala@example.cz"))) == 2
    assert booking.contact_hash == entry.contact_hash
    sent: list[Any] = []
    message_delivery.deliver_message(message=waiting.pk, gateways={"email": sent.append}, now=NOW)
    assert [letter.to for letter in sent] == ["mala@example.cz"]
    event = Event.objects.get(kind="PersonCorrected")
    assert event.data["fields"] == ["name", "email"]
    assert "mala" not in json.dumps(event.data).lower()


def test_a_message_that_waits_takes_the_channel_of_the_corrected_contact(settings: Any) -> None:
    settings.SMS_GATEWAY = "file"
    office = town.office()
    office.row.messages_data = {"sms": True}
    office.row.save()
    held = town.hold(office)
    booking_lifecycle.request_confirmation(
        booking=held.pk, contact=Contact(name="Jana", phone="+420777123456"), now=NOW
    )
    event = Event.objects.get(kind="ConfirmationRequested")
    (waiting,) = message_delivery.compose_messages(event=event.pk, now=NOW)
    assert waiting.channel == "sms"
    wanted = request_of(office, "777123456")
    correct_person(**wanted, correction=Contact(email="mala@example.cz"))
    waiting.refresh_from_db()
    assert (waiting.channel, waiting.parts) == ("email", 0)


@pytest.fixture
def met(files: Path, django_capture_on_commit_callbacks: Callable[..., Any]) -> OfficeSnapshot:
    """Jana's meeting with a guest, each of whom brought a document and wrote in the chat."""
    office = meetings.office()
    booking = meetings.confirmed(office)
    participants.meeting_for(booking, NOW)
    guest = participants.invite_guest(
        booking=booking.pk, name="Petr Host", email="petr@example.cz", language="cs", now=NOW
    )
    meeting = Meeting.objects.get()
    for who in (participants.citizen_of(booking), guest):
        assert who
        bring(who, f"{who.name}.pdf")
        who.chat_messages.create(
            office=office.row, meeting=meeting, text=f"Tady {who.name}", at=NOW
        )
    return office


def bring(who: Participant, name: str) -> Document:
    storage_identity.check_identity(now=NOW)
    key = f"{storage.meeting_folder(who.office_id, who.meeting_id)}/{who.pk.hex}"
    storage.put_file(key, storage.FILE, papers.pdf("Soukrome"))
    return Document.objects.create(
        office=who.office,
        meeting=who.meeting,
        participant=who,
        name=name,
        kind="pdf",
        size=1,
        sha256="0" * 64,
        key=key,
        state="ready",
        created_at=NOW,
    )


@pytest.mark.parametrize(
    ("language", "title"), [("cs", "Vaše osobní údaje"), ("en", "Your personal data")]
)
def test_the_copy_can_be_read_and_has_only_what_is_theirs(
    met: OfficeSnapshot, language: str, title: str
) -> None:
    with translation.override(language):
        copy = export_person(**request_of(met))
    archive = zipfile.ZipFile(io.BytesIO(copy.content))
    page = archive.read("index.html").decode()
    content = json.loads(archive.read("data.json"))
    assert title in page
    assert "Jana Malá" in page
    assert "Tady Jana Malá" in page
    assert content["Booking"][0]["phone"] == "+420777123456"
    assert [one["text"] for one in content["ChatMessage"]] == ["Tady Jana Malá"]
    documents_of = [name for name in archive.namelist() if name.startswith("dokumenty/")]
    assert documents_of == ["dokumenty/1-Jana Malá.pdf"]
    assert archive.read(documents_of[0]).startswith(b"%PDF")
    assert "Petr" not in page + json.dumps(content, ensure_ascii=False)
    assert Event.objects.get(kind="PersonExported").data["identity"] == "document"


def test_the_copy_says_which_file_could_not_be_read(met: OfficeSnapshot) -> None:
    document = Document.objects.get(name="Jana Malá.pdf")
    storage.drop_folder(document.key)
    copy = export_person(**request_of(met))
    assert copy.missing == ["Jana Malá.pdf"]


def test_a_guest_is_erased_from_the_meeting_of_somebody_else(
    met: OfficeSnapshot, files: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    guest = Participant.objects.get(role="guest")
    with django_capture_on_commit_callbacks(execute=True):
        answer = erase(met, "petr@example.cz")
    assert (answer.records, answer.cancelled) == (1, 0)
    guest.refresh_from_db()
    assert (guest.name, guest.email, guest.revoked_at) == ("", "", NOW)
    assert not guest.chat_messages.exists()
    assert not guest.documents.exists()
    assert not storage.has_file(
        f"{storage.meeting_folder(met.office_id, guest.meeting_id)}/{guest.pk.hex}", "file"
    )
    citizen = Participant.objects.get(role="citizen")
    assert (citizen.name, citizen.documents.count(), citizen.chat_messages.count()) == (
        "Jana Malá",
        1,
        1,
    )


def test_nobody_is_erased_from_a_meeting_that_runs(met: OfficeSnapshot) -> None:
    Meeting.objects.update(state="running")
    with pytest.raises(MeetingIsRunning):
        erase(met)


def test_papers_of_the_meeting_go_with_the_person(
    met: OfficeSnapshot, files: Path, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        erase(met)
    event = Event.objects.get(kind="PersonErased")
    rounds.erase_after(event=event.pk, now=NOW)
    kept = [path for path in files.rglob("*") if path.is_file() and path.name != storage.MARKER]
    assert {path.parts[-3] for path in kept} == {remembered_erasures.FOLDER}
    assert not Document.objects.exists()
    assert not [path for path in kept if "jana" in (path.name + path.read_text()).lower()]


def restored(booking: Booking, entry: WaitingListEntry) -> None:
    """As an older backup has them."""
    booking.save()
    entry.save()


@pytest.mark.parametrize("by", ["rows", "files"])
def test_after_a_restore_they_are_erased_again(
    by: str, files: Path, settings: Any, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    office = town.office(quota=2, waiting_list=True, max_open_per_contact=9)
    booking = town.confirmed(office, "9:00", email=JANA)
    other = town.confirmed(office, "9:00", email="petr@example.cz")
    entry = join_waiting_list(
        office=office,
        service=town.service(office),
        wish=Wanted(town.MONDAY, town.MONDAY),
        contact=Contact(name="Jana", email=JANA),
        now=NOW,
    )
    booking, entry = Booking.objects.get(pk=booking.pk), WaitingListEntry.objects.get(pk=entry.pk)
    erase(office)
    rounds.erase_after(event=Event.objects.get(kind="PersonErased").pk, now=NOW)
    restored(booking, entry)
    if by == "files":
        ErasedRecord.objects.all().delete()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "k" * 50, [settings.SECRET_KEY]
    assert periodic_steps.run_erasing_steps(now=NOW) == 0
    for row in (booking, entry):
        row.refresh_from_db()
        assert (row.name, row.email, row.erased_at) == ("", "", NOW)
    assert booking.state == "cancelled_by_citizen"
    other.refresh_from_db()
    assert (other.state, other.name) == ("confirmed", "Jana")


def test_what_was_erased_is_not_remembered_for_ever(files: Path) -> None:
    office = town.office()
    town.confirmed(office, email=JANA)
    erase(office)
    remembered_erasures.reconcile_remembered(office.office_id, now=NOW)
    assert [path for path in (files / "erased").rglob("*") if path.is_file()]
    remembered_erasures.reconcile_remembered(
        office.office_id, now=NOW + remembered_erasures.KEPT * 1.1
    )
    assert not ErasedRecord.objects.exists()
    assert not [path for path in (files / "erased").rglob("*") if path.is_file()]
