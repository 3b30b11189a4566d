"""Loading again changes the office in place and never passes over a live visit."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from prepazka.booking import booking_lifecycle, slot_search, waiting_list
from prepazka.booking.models import (
    Booking,
    BookingState,
    CallListEntry,
    Lane,
    Offer,
    WaitingListEntry,
    WaitingListState,
)
from prepazka.core.contact import Contact
from prepazka.journal.models import Event
from prepazka.messaging.mail import compose_mail
from prepazka.messaging.message_delivery import compose_messages, is_pointless
from prepazka.officefile import presets
from prepazka.officefile.office_export import export
from prepazka.officefile.office_loading import LoadRefused, LoadReport, load
from prepazka.officefile.quota_change import set_quota
from prepazka.officefile.value_readers import ROLES
from prepazka.offices.models import (
    Agenda,
    Counter,
    Department,
    Device,
    HoursException,
    Office,
    Official,
    OpeningHours,
    Role,
    Service,
)
from prepazka.offices.office_snapshot import OfficeSnapshot, snapshot_by_slug
from prepazka.queueing import counters, tickets
from tests import officials, town
from tests.officefile.test_wrong_files import RIGHT

pytestmark = pytest.mark.django_db
NOW = town.FRIDAY_BEFORE
PARTS = (Department, Agenda, Service, Counter, Official, Device, OpeningHours, HoursException, Lane)
# A walk-in would wait more than 1.5 times as long, so the file says why.
WITH_REASON = RIGHT.replace("quota: 1", "quota: 1\n      quota reason: zkouška")
TWO = WITH_REASON.replace("quota: 1", "quota: 2")


def loaded(text: str = RIGHT, **more: Any) -> LoadReport:
    return load(text, now=NOW, **more)


def rows() -> list[Any]:
    models: tuple[Any, ...] = (*PARTS, Counter.services.through, Official.services.through)
    return [list(model.objects.order_by("pk").values()) for model in models]


def lhota() -> OfficeSnapshot:
    return snapshot_by_slug("lhota")


def book(clock: str = "9:00", code: str = "prepis") -> Booking:
    return town.confirmed(lhota(), clock, service=code)


@pytest.mark.parametrize(
    "text", [RIGHT, officials.FILE, *map(presets.preset_text, presets.preset_names())]
)
def test_loading_twice_changes_only_the_version(text: str) -> None:
    first = loaded(text)
    before = rows()
    second = loaded(text)
    assert rows() == before
    assert (first.office.version, second.office.version) == (1, 2)
    assert (second.created, second.changed, second.retired, second.conflicts) == ([], [], [], [])
    kinds = Event.objects.filter(office=first.office.pk).values_list("kind", flat=True)
    assert list(kinds) == ["OfficeLoaded"] * 2


def test_roles_that_need_a_second_factor_are_an_event_when_they_change() -> None:
    required = RIGHT + "\npolicy: {second factor: [administrator, head]}\n"
    assert required != RIGHT
    assert tuple(Role.values) == ROLES
    for text, roles in ((RIGHT, None), (required, ["head", "administrator"]), (RIGHT, [])):
        Event.objects.all().delete()
        loaded(text)
        office = loaded(text).office
        assert office.second_factor_roles == (roles or [])
        events = Event.objects.filter(kind="SecondFactorRequired")
        assert [event.data["roles"] for event in events] == ([] if roles is None else [roles])


def test_a_file_without_reasons_of_absences_leaves_them() -> None:
    office = loaded(officials.FILE).office
    withheld = export(office, with_reasons=False)
    assert "u lékaře" in export(office)
    assert "u lékaře" not in withheld
    assert "reason: as before" in withheld
    before = rows()
    report = loaded(withheld)
    assert (rows(), report.changed) == (before, [])
    moved = withheld.replace("2026-12-07", "2026-12-08")
    assert moved != withheld
    loaded(moved)
    absence = HoursException.objects.exclude(official=None).get(from_date="2026-12-08")
    assert not absence.reason, "of another day nothing is known"


def test_changes_are_made_in_place() -> None:
    loaded()
    ids = {model: list(model.objects.values_list("pk", flat=True)) for model in PARTS[:5]}
    report = loaded(RIGHT.replace("name: Přepis", "name: Převod").replace("20 min", "25 min"))
    assert report.changed == ["service prepis"]
    assert {model: list(model.objects.values_list("pk", flat=True)) for model in PARTS[:5]} == ids
    service = lhota().service_by_code("prepis")
    assert service
    assert (str(service.name), service.duration_min) == ("Převod", 25)


def test_what_the_file_drops_is_retired_and_may_come_back() -> None:
    first = loaded()
    dropped = WITH_REASON.replace("      znacky: {name: Značky, duration: 10 min}\n", "")
    report = loaded(dropped)
    assert report.retired == ["service znacky"]
    assert lhota().service_by_code("znacky") is None
    loaded()
    again = lhota().service_by_code("znacky")
    assert again
    assert again.pk == Service.objects.get(code="znacky").pk
    assert lhota().counters_for(again.pk)
    assert first.created == [
        "office lhota",
        "department doprava",
        "agenda vozidla",
        "service prepis",
        "service znacky",
        "counter p1",
        "device kiosk",
    ]


def test_agendas_may_swap_their_letters() -> None:
    second = (
        "  doklady:\n    letter: D\n    name: Doklady\n    services:\n"
        "      op: {name: OP, duration: 10 min}\n"
    )
    text = RIGHT.replace("counters:", second + "counters:").replace(
        "serves: vozidla", "serves: all"
    )
    loaded(text)
    loaded(
        text.replace("letter: V", "letter: X")
        .replace("letter: D", "letter: V")
        .replace("letter: X", "letter: D")
    )
    assert dict(Agenda.objects.values_list("code", "letter")) == {"vozidla": "D", "doklady": "V"}
    assert not Agenda.objects.filter(retired=True).exists()


def test_a_dropped_kiosk_can_speak_no_more() -> None:
    loaded()
    Device.objects.update(token_hash="0" * 64, paired_at=NOW)
    loaded(RIGHT.replace("kiosks:\n  kiosk: {printer: none}\n", ""))
    device = Device.objects.get()
    assert (device.retired, device.token_hash, device.paired_at) == (True, "", None)


def test_a_kept_kiosk_stays_paired() -> None:
    loaded()
    Device.objects.update(token_hash="0" * 64, paired_at=NOW)
    loaded(RIGHT.replace("printer: none", "printer: escpos 10.0.0.5:9100"))
    device = Device.objects.get()
    assert device.token_hash == "0" * 64
    assert device.options["printer"] == {"kind": "escpos", "host": "10.0.0.5", "port": 9100}


# What the new file says, and what is then said of a booking for Monday 9:00 on the second lane.
CONFLICTS = [
    (RIGHT, "place 2, the quota is now 1"),
    (TWO.replace("      prepis: {name: Přepis, duration: 20 min}\n", ""), "no longer in the file"),
    (TWO.replace("duration: 20 min", "duration: 20 min, bookable: no"), "no longer be booked"),
    (TWO.replace('mon: "8:00-12:00', 'mon: "10:00-12:00'), "outside the booking hours"),
    (TWO.replace("mon:", "wed:"), "outside the booking hours"),
    (TWO + "  - closed: 2026-11-23\n", "outside the booking hours"),
    (
        TWO.replace("booking:\n", 'booking hours: {mon: "13:00-17:00"}\n    booking:\n'),
        "outside the booking hours",
    ),
]


@pytest.mark.parametrize(("text", "why"), CONFLICTS)
def test_a_booking_that_no_longer_fits_stops_the_load(text: str, why: str) -> None:
    loaded(TWO)
    other = town.hold(lhota(), "9:00")
    booking = book("9:00")
    booking_lifecycle.release_hold(booking=other.pk, now=NOW)
    assert booking.lane.number == 1
    before, version = rows(), Office.objects.get().version
    with pytest.raises(LoadRefused) as refused:
        loaded(text)
    (conflict,) = refused.value.conflicts
    assert conflict.reference == str(booking.pk)
    assert why in conflict.why
    assert (rows(), Office.objects.get().version) == (before, version)
    # The snapshot that others use is not the refused one either.
    service = lhota().service_by_code("prepis")
    assert service
    assert lhota().rules_of(service).quota == 2

    report = loaded(text, accept_conflicts=True)
    assert [one.reference for one in report.conflicts] == [str(booking.pk)]
    booking.refresh_from_db()
    assert (booking.state, booking.lane.number) == ("confirmed", 1)


@pytest.mark.parametrize("ended", ["cancelled", "expired", "past", "first lane"])
def test_what_still_fits_or_is_over_stops_nothing(ended: str) -> None:
    loaded(TWO)
    blocker = town.hold(lhota(), "9:00")
    now = NOW
    if ended == "expired":
        town.hold(lhota(), "9:00")
        now += timedelta(minutes=11)
    elif ended == "first lane":
        booking_lifecycle.release_hold(booking=blocker.pk, now=NOW)
        assert book("9:00").lane.number == 0
    else:
        booking = book("9:00")
        if ended == "cancelled":
            booking_lifecycle.cancel_booking(booking=booking.pk, now=NOW)
        else:
            now = town.at("10:00")
    assert load(RIGHT, now=now).conflicts == []


def test_a_quota_lowered_and_raised_again_uses_the_same_lanes() -> None:
    loaded(TWO)
    lanes = list(Lane.objects.values_list("pk", flat=True))
    loaded(RIGHT)
    service = lhota().service_by_code("prepis")
    assert service
    offered = slot_search.search_slots(office=lhota(), service=service, now=NOW, days=[town.MONDAY])
    assert {slot.free for slot in offered} == {1}
    loaded(TWO)
    assert list(Lane.objects.values_list("pk", flat=True)) == lanes


def test_whoever_waits_for_a_dropped_service_is_named_and_can_still_be_called() -> None:
    loaded()
    service = lhota().service_by_code("znacky")
    assert service
    now = town.at("8:30")
    ticket = tickets.issue_ticket(office=lhota(), service=service, touch=uuid4(), now=now)
    dropped = WITH_REASON.replace("      znacky: {name: Značky, duration: 10 min}\n", "")
    with pytest.raises(LoadRefused) as refused:
        load(dropped, now=now)
    assert [one.reference for one in refused.value.conflicts] == [ticket.label]
    load(dropped, now=now, accept_conflicts=True)
    assert service.pk in lhota().serves[Counter.objects.get().pk]


def test_an_open_counter_is_not_dropped_unsaid() -> None:
    more = RIGHT.replace("kiosks:", "  p2: {number: 2, serves: all}\nkiosks:")
    loaded(more)
    counters.open_counter(
        counter=town.counter(lhota(), "2"), clerk=town.clerk(lhota()).pk, now=town.at("8:00")
    )
    with pytest.raises(LoadRefused, match="counter 2"):
        load(RIGHT, now=town.at("8:05"))


def test_hours_of_agenda_service_and_counter_hold() -> None:
    text = (
        RIGHT.replace(
            "    booking:",
            '    hours: {mon: "9:00-18:00"}\n    exceptions:\n'
            "      - {closed: 2026-11-30, reason: Školení}\n    booking:",
        )
        .replace("duration: 10 min", 'duration: 10 min, hours: {mon: "8:00-10:00"}')
        .replace(
            "{number: 1, serves: vozidla}",
            '{number: 1, serves: vozidla, hours: [{from: 2026-11-01, to: 2026-11-24, mon: "8:00-9:00"}]}',
        )
    )
    loaded(text)
    office, day = lhota(), town.MONDAY
    transfer, plates = office.service_by_code("prepis"), office.service_by_code("znacky")
    assert transfer
    assert plates
    assert spans(office.opening_hours.of_service(transfer.pk, day)) == [(540, 1080)]
    assert spans(office.opening_hours.of_service(plates.pk, day)) == [(540, 600)]
    assert office.opening_hours.of_service(transfer.pk, date(2026, 11, 30)) == []
    assert spans(office.opening_hours.of_counter(town.counter(office).pk, day)) == [(480, 540)]
    assert office.opening_hours.of_counter(town.counter(office).pk, date(2026, 11, 30)) == []


def test_days_that_differ_hold_for_parts_without_weekly_hours_of_their_own() -> None:
    text = (
        RIGHT.replace(
            "duration: 10 min",
            'duration: 10 min, exceptions: [{closed: 2026-11-23, times: "8:00-11:00"}]',
        )
        + '  - {instead: 2026-11-30, times: "9:00-10:00, 11:00-12:00"}\n'
    )
    loaded(text)
    office = lhota()
    transfer, plates = office.service_by_code("prepis"), office.service_by_code("znacky")
    assert transfer
    assert plates
    assert spans(office.opening_hours.of_service(transfer.pk, town.MONDAY)) == [
        (480, 720),
        (780, 1020),
    ]
    assert spans(office.opening_hours.of_service(plates.pk, town.MONDAY)) == [
        (660, 720),
        (780, 1020),
    ]
    assert spans(office.opening_hours.of_service(plates.pk, date(2026, 11, 30))) == [
        (540, 600),
        (660, 720),
    ]


def spans(found: Any) -> list[tuple[int, int]]:
    return [(one.start, one.end) for one in found]


class TestOfficials:
    """Diaries of the file, and live bookings in them."""

    def test_the_account_of_a_diary_outlives_a_load(self) -> None:
        office = officials.office()
        user = town.clerk(office)
        Official.objects.filter(code="novakova").update(user=user)
        loaded(officials.FILE.replace("Ing. Jana Nováková, en", "Mgr. Jana Nováková, en"))
        found = Official.objects.get(code="novakova")
        assert (found.user, str(found.name)) == (user, "Mgr. Jana Nováková")

    @pytest.mark.parametrize(
        ("old", "new", "why"),
        [
            ("  novakova:\n", "  jina:\n", "novakova is no longer in the file"),
            (
                "    topics: stavby\n",
                "    topics: [povoleni]\n",
                "does not have its topic any more",
            ),
            (
                'hours: {mon: "8:00-10:00, 17:00-19:00"}',
                'hours: {mon: "17:00-19:00"}',
                "outside the booking hours",
            ),
            (
                "officials:\n",
                "exceptions:\n  - {closed: 2026-11-23}\nofficials:\n",
                "outside the booking hours",
            ),
        ],
    )
    def test_live_bookings_are_never_passed_over(self, old: str, new: str, why: str) -> None:
        held = officials.hold(officials.office(), "9:00", "novakova")
        assert old in officials.FILE
        changed = officials.FILE.replace(old, new, 1)
        with pytest.raises(LoadRefused, match=why) as refused:
            loaded(changed)
        assert [one.reference for one in refused.value.conflicts] == [str(held.pk)]
        assert officials.official(lhota()).code == "novakova"  # nothing has changed
        report = loaded(changed, accept_conflicts=True)
        assert [one.reference for one in report.conflicts] == [str(held.pk)]

    def test_an_office_that_gets_officials_says_whose_windows_remain(self) -> None:
        without = officials.FILE.partition("officials:\n")[0]
        without = without.replace("booking: {", "booking: {quota reason: zkouška, ")
        held = officials.hold(officials.office(without), "9:00")
        assert held.lane.agenda
        with pytest.raises(LoadRefused, match="its service is now booked with officials"):
            loaded(officials.FILE)


WITH_LIST = TWO.replace("quota: 2", "quota: 2\n      waiting list: yes")


def wait(code: str = "prepis", who: str = "jana") -> WaitingListEntry:
    entry = waiting_list.join_waiting_list(
        office=lhota(),
        service=town.service(lhota(), code),
        wish=waiting_list.Wanted(town.MONDAY, town.MONDAY),
        contact=Contact(name=who.title(), email=f"{who}@example.cz"),
        now=NOW,
    )
    return waiting_list.confirm_entry(entry=entry.pk, now=NOW)


def test_who_waits_for_what_the_file_drops_is_a_conflict_and_is_told() -> None:
    assert "waiting list: yes" in WITH_LIST
    loaded(WITH_LIST)
    entry = wait()
    assert loaded(WITH_LIST).conflicts == []
    with pytest.raises(LoadRefused) as refused:
        loaded(TWO)
    (conflict,) = refused.value.conflicts
    assert (conflict.what, conflict.reference) == ("waiting list", str(entry.pk))
    assert "no waiting list any more" in conflict.why
    loaded(TWO, accept_conflicts=True)
    entry.refresh_from_db()
    assert (entry.state, entry.ended_at) == (WaitingListState.DROPPED, NOW)
    (message,) = compose_messages(event=Event.objects.get(kind="ListEnded").pk, now=NOW)
    mail = compose_mail(message, now=NOW)
    assert "nenabízí" in mail.subject
    assert "Čekání proto končí" in mail.text.replace("\u00a0", " ")
    assert not is_pointless(message, NOW)
    loaded(TWO)
    assert Event.objects.filter(kind="ListEnded").count() == 1


@pytest.mark.parametrize("by", ["file", "manager"])
def test_a_lowered_quota_leaves_no_offers_beyond_it(by: str) -> None:
    loaded(WITH_LIST)
    book("9:00")
    entry = wait()
    claims = [town.hold(lhota(), "9:00"), town.hold(lhota(), "10:00")]
    Booking.objects.filter(pk=claims[1].pk).update(lane=claims[0].lane_id)
    offers = [
        Offer.objects.create(
            office=claim.office,
            kind=Offer.Kind.WAITING_LIST if on_list else Offer.Kind.SUBSTITUTE,
            entry=entry if on_list else None,
            booking=None if on_list else book("11:00"),
            short_code=f"abcdefghij{number}",
            created_at=NOW,
            expires_at=NOW + timedelta(hours=1),
        )
        for number, (claim, on_list) in enumerate(zip(claims, (True, False), strict=True))
    ]
    for claim, offer in zip(claims, offers, strict=True):
        Booking.objects.filter(pk=claim.pk).update(offer=offer, lane=claims[0].lane_id)
    WaitingListEntry.objects.update(state="offered")
    if by == "file":
        loaded(WITH_LIST.replace("quota: 2", "quota: 1"), accept_conflicts=True)
    else:
        agenda = lhota().agendas[town.service(lhota(), "prepis").agenda_id]
        set_quota(
            office=agenda.office,
            agenda=agenda.code,
            quota=1,
            reason="málo lidí",
            now=NOW,
            actor=None,
        )
    assert set(Offer.objects.values_list("state", flat=True)) == {"withdrawn"}
    assert not Booking.objects.filter(state=BookingState.HELD).exists()
    entry.refresh_from_db()
    assert (entry.state, entry.unanswered) == (WaitingListState.WAITING, 0)
    assert CallListEntry.objects.get().reason == "no_term"
