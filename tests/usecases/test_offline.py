"""Kiosks and counters that were cut off: what they hold, and how their logs come together."""

from __future__ import annotations

import itertools
from copy import copy
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation

from prepazka.booking.models import Booking
from prepazka.core import discipline
from prepazka.journal.models import Event
from prepazka.offices import devices
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, offline_grants, offline_logs, tickets, turns
from prepazka.queueing.models import (
    CallLease,
    NumberLease,
    NumberSeries,
    Ticket,
    TicketState,
)
from prepazka.queueing.offline_leases import Holder, held_elsewhere
from prepazka.queueing.refusals import (
    CounterNotOpen,
    GrantUnknown,
    HeldOffline,
    OnlyHeldOffline,
    SignatureWrong,
)
from prepazka.surfaces.console import board
from prepazka.web import reasons
from prepazka.web.overtake_texts import overtake_context
from tests import town
from tests.cutoff import Console, Kiosk

pytestmark = pytest.mark.django_db
NINE = town.at("9:00")


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office()


def issue(office: OfficeSnapshot, code: str = "prepis", **more: Any) -> Ticket:
    more.setdefault("touch", uuid4())
    return tickets.issue_ticket(office=office, service=town.service(office, code), now=NINE, **more)


def tickets_of(office: OfficeSnapshot, day: date, many: int) -> None:
    """So many finished tickets of the letter V on a day gone by."""
    row = issue(office)
    Ticket.objects.filter(pk=row.pk).delete()
    row.date, row.state, row.pk = day, TicketState.FINISHED, None
    rows = [copy(row) for _ in range(many)]
    for number, one in enumerate(rows, 1):
        one.number, one.touch, one.code = number, uuid4(), f"{day:%m%d}{number}"
    Ticket.objects.bulk_create(rows)


def kinds(**wanted: object) -> list[str]:
    return list(Event.objects.filter(**wanted).order_by("pk").values_list("kind", flat=True))


def hall() -> list[tuple[object, ...]]:
    """Everything the logs could change."""
    return list(
        Ticket.objects.order_by("letter", "number").values_list(
            "letter", "number", "state", "counter", "called_at", "ended_at", "booking"
        )
    )


class TestNumbers:
    def test_a_kiosk_has_a_block_of_each_letter_and_keeps_it(self, office: OfficeSnapshot) -> None:
        kiosk = Kiosk(office, NINE)
        blocks = {(n.letter, n.first, n.last) for n in kiosk.grant.numbers.all()}
        assert blocks == {("V", 500, 599), ("D", 500, 599)}
        again = offline_grants.lease_numbers(
            office=office, device=kiosk.device, browser="other", now=town.at("9:01")
        )
        assert {n.first for n in again.numbers.all()} == {600}  # a new browser, its own numbers
        assert kinds(kind="NumbersLeased") == ["NumbersLeased"] * 4

    def test_renewing_makes_no_gap_in_the_ordinary_numbers(self, office: OfficeSnapshot) -> None:
        browser = uuid4().hex
        for minute in range(5):
            offline_grants.lease_numbers(
                office=office, device=town.kiosk(office), browser=browser, now=NINE
            )
            assert issue(office).label == f"V{minute + 1}"
        assert NumberLease.objects.count() == 2

    def test_a_used_block_brings_another(self, office: OfficeSnapshot) -> None:
        kiosk = Kiosk(office, NINE)
        for n in range(60):
            kiosk.gives(NINE + timedelta(seconds=n))
        kiosk.merge(town.at("9:10"))
        assert kiosk.renewed(town.at("9:11")) == [(500, 599), (600, 699)]
        assert kiosk.renewed(town.at("9:12")) == [(500, 599), (600, 699)]

    def test_a_kiosk_has_as_many_as_the_busiest_recent_day(self, office: OfficeSnapshot) -> None:
        """So it can go on alone for eight hours, whatever the others do."""
        busy, long_ago = town.MONDAY - timedelta(days=7), town.MONDAY - timedelta(days=28)
        for day, many in ((busy, 230), (long_ago, 450)):
            tickets_of(office, day, many)
        kiosk = Kiosk(office, NINE)
        assert kiosk.renewed(NINE) == [(500, 799)]
        for n in range(70):
            kiosk.gives(NINE + timedelta(seconds=n))
        kiosk.merge(town.at("9:10"))
        assert kiosk.renewed(town.at("9:11")) == [(500, 799)], "230 are left"
        kiosk.gives(town.at("9:12"))
        kiosk.merge(town.at("9:12"))
        assert kiosk.renewed(town.at("9:13")) == [(500, 799), (800, 899)]
        assert kiosk.renewed(town.at("9:14"), "D") == [(500, 599)], "of each letter its own"
        assert offline_grants.numbers_held(office, NINE) == {kiosk.device.pk: {"V": 329, "D": 100}}

    def test_a_kiosk_never_has_more_than_it_can_give(self, office: OfficeSnapshot) -> None:
        tickets_of(office, town.MONDAY - timedelta(days=1), 2100)
        assert Kiosk(office, NINE).renewed(NINE) == [(500, 2499)]

    def test_blocks_cannot_overlap(self, office: OfficeSnapshot) -> None:
        one, two = Kiosk(office, NINE), Kiosk(office, NINE)
        with pytest.raises(IntegrityError, match="number_leases_apart"), transaction.atomic():
            NumberLease.objects.create(
                office=office.row,
                grant=two.grant,
                series=NumberSeries.objects.get(letter="V"),
                date=town.MONDAY,
                letter="V",
                first=one.next["V"] + 99,
                last=900,
            )

    def test_the_ordinary_series_steps_over_blocks(self, office: OfficeSnapshot) -> None:
        Kiosk(office, NINE), Kiosk(office, NINE)
        NumberSeries.objects.filter(letter="V").update(last=498)
        touch = uuid4()
        assert [issue(office).number for _ in range(2)] == [499, 700]
        assert issue(office, touch=touch).number == 701
        assert issue(office, touch=touch).number == 701
        assert issue(office).number == 702


class TestKioskLog:
    def test_tickets_given_alone_stand_in_the_queue(self, office: OfficeSnapshot) -> None:
        issue(office)
        kiosk = Kiosk(office, NINE)
        kiosk.gives(town.at("9:05"))
        kiosk.gives(town.at("9:06"), "D", "pas")
        assert kiosk.merge(town.at("10:00")) == 2
        given = Ticket.objects.get(number=500, letter="V")
        assert (given.state, given.issued_at) == (TicketState.WAITING, town.at("9:05"))
        said = Event.objects.filter(kind="TicketIssued", data__offline=True)
        assert {(e.data["device"], e.at) for e in said} == {
            (kiosk.device.pk, town.at("9:05")),
            (kiosk.device.pk, town.at("9:06")),
        }
        assert kinds(kind="OfflineMerged") == ["OfflineMerged"]
        before = hall(), Event.objects.count()
        assert kiosk.merge(town.at("10:01")) == 2
        assert (hall(), Event.objects.count()) == before

    def test_a_pin_is_taken_with_its_place(self, office: OfficeSnapshot) -> None:
        booking = town.confirmed(office, "9:00")
        kiosk = Kiosk(office, NINE)
        hidden = offline_grants.pin_list(kiosk.grant, office)
        assert not town.shows_pin(str(hidden), booking.pin)
        assert str(booking.pk) not in str(hidden)
        kiosk.takes(booking.pin, town.at("9:10"))
        # The server, which did not know, had marked them as not come.
        Booking.objects.update(state="no_show")
        kiosk.merge(town.at("11:00"))
        ticket = Ticket.objects.get()
        assert (ticket.label, ticket.booking_id, ticket.late) == ("V500", booking.pk, False)
        booking.refresh_from_db()
        assert (booking.state, booking.arrived_at) == ("arrived", town.at("9:10"))

    def test_a_booking_cancelled_meanwhile_leaves_an_ordinary_ticket(
        self, office: OfficeSnapshot
    ) -> None:
        booking = town.confirmed(office, "9:00")
        kiosk = Kiosk(office, NINE)
        kiosk.takes(booking.pin, town.at("9:10"))
        Booking.objects.update(state="cancelled_by_citizen")
        kiosk.merge(town.at("11:00"))
        assert Ticket.objects.get().booking is None

    def test_one_pin_at_two_kiosks_keeps_the_first_place(self, office: OfficeSnapshot) -> None:
        booking = town.confirmed(office, "9:00")
        one, two = Kiosk(office, NINE), Kiosk(office, NINE)
        one.takes(booking.pin, town.at("9:12"))
        two.takes(booking.pin, town.at("9:10"))
        two.merge(town.at("10:00"))
        one.merge(town.at("10:01"))
        assert [t.label for t in Ticket.objects.all()] == ["V600"]
        twice = Event.objects.get(kind="PinUsedTwice")
        assert twice.data["void"] == "V500"
        assert twice.data["ticket"] == Ticket.objects.get().pk

    def test_a_pin_used_on_line_meanwhile(self, office: OfficeSnapshot) -> None:
        booking = town.confirmed(office, "9:00")
        kiosk = Kiosk(office, NINE)
        kiosk.takes(booking.pin, town.at("9:12"))
        tickets.check_in(
            office=office,
            device=town.kiosk(office),
            pin=booking.pin,
            touch=uuid4(),
            now=town.at("9:15"),
        )
        kiosk.merge(town.at("10:00"))
        assert Ticket.objects.get().label == "V1"
        assert kinds(kind="PinUsedTwice") == ["PinUsedTwice"]

    def test_a_touch_whose_answer_was_lost_is_one_ticket_with_the_number_shown(
        self, office: OfficeSnapshot
    ) -> None:
        kiosk, touch = Kiosk(office, NINE), uuid4()
        issue(office, touch=touch)
        other = issue(office)
        kiosk.gives(town.at("9:01"), touch=str(touch))
        for _ in range(2):
            kiosk.merge(town.at("10:00"))
        assert {t.label for t in Ticket.objects.all()} == {"V500", other.label}
        assert Ticket.objects.get(number=500).issued_at == NINE
        assert kinds(kind="TicketRenumbered") == ["TicketRenumbered"]
        assert issue(office, touch=touch).label == "V500"

    def test_a_number_of_another_kiosk_is_refused_and_told(self, office: OfficeSnapshot) -> None:
        one, two = Kiosk(office, NINE), Kiosk(office, NINE)
        one.next["V"] = two.next["V"]
        one.gives(NINE), two.gives(NINE)
        one.merge(town.at("10:00")), two.merge(town.at("10:00"))
        assert [t.label for t in Ticket.objects.all()] == ["V600"]
        assert kinds(kind="NumberRefused") == ["NumberRefused"]

    def test_a_wrong_clock_is_brought_into_the_bounds(self, office: OfficeSnapshot) -> None:
        kiosk = Kiosk(office, NINE)
        for clock in ("4:00", "9:30", "9:10", "23:00"):
            kiosk.gives(town.at(clock))
        kiosk.merge(town.at("10:00"))
        times = [t.issued_at for t in Ticket.objects.order_by("number")]
        assert times == [NINE, town.at("9:30"), town.at("9:30"), town.at("10:00")]


class TestWhoMayMerge:
    def test_a_changed_entry_is_refused_whole(self, office: OfficeSnapshot) -> None:
        kiosk = Kiosk(office, NINE)
        kiosk.gives(NINE)
        kiosk.gives(NINE)
        forged = offline_logs.Entry(2, kiosk.log[1].body.replace("V501", "V1"), kiosk.log[1].sig)
        with pytest.raises(SignatureWrong):
            offline_logs.merge_log(grant=kiosk.grant.pk, entries=[kiosk.log[0], forged], now=NINE)
        assert not Ticket.objects.exists()

    def test_another_grant_cannot_send_it(self, office: OfficeSnapshot) -> None:
        one, two = Kiosk(office, NINE), Kiosk(office, NINE)
        one.gives(NINE)
        with pytest.raises(SignatureWrong):
            offline_logs.merge_log(grant=two.grant.pk, entries=one.log, now=NINE)

    def test_a_disconnected_device_cannot_merge_a_replaced_one_can(
        self, office: OfficeSnapshot
    ) -> None:
        replaced = Kiosk(office, NINE)
        replaced.gives(NINE)
        code = devices.make_pairing_code(device=replaced.device, now=NINE)
        devices.pair_device(code=code, now=NINE)
        assert replaced.merge(town.at("9:10")) == 1
        replaced.gives(NINE)
        devices.revoke_pairing(device=replaced.device.pk, now=town.at("9:20"))
        with pytest.raises(GrantUnknown):
            replaced.merge(town.at("9:30"))

    def test_a_gap_ends_what_is_taken_and_rubbish_changes_nothing(
        self, office: OfficeSnapshot
    ) -> None:
        kiosk = Kiosk(office, NINE)
        kiosk.gives(NINE)
        for body in ("[]", "no json", '{"kind": "issue", "label": "V-1"}', '{"kind": "drop"}'):
            seq = len(kiosk.log) + 1
            kiosk.log.append(offline_logs.Entry(seq, body, kiosk.grant.sign(seq, body)))
        kiosk.gives(NINE)
        kiosk.gives(NINE)
        del kiosk.log[5]
        assert kiosk.merge(town.at("9:10")) == 5
        assert Ticket.objects.count() == 1


class TestLists:
    def test_waiting_tickets_are_dealt_in_order_to_counters_that_can(
        self, office: OfficeSnapshot
    ) -> None:
        for _ in range(4):
            issue(office)
        issue(office, "pas")
        one = Console(office, "1", NINE)
        assert one.labels == ["V1", "V2", "V3", "V4"]
        two = Console(office, "2", NINE)
        assert two.labels == ["D1"]
        # The first gives up what is too much; the second gets it once that is confirmed.
        assert [one.renew(NINE), one.labels][1] == ["V1", "V2", "V3"]
        two.renew(NINE)
        assert two.labels == ["D1"]
        one.renew(NINE)
        two.renew(NINE)
        assert sorted(two.labels) == ["D1", "V4"]

    def test_a_lost_answer_frees_nobody(self, office: OfficeSnapshot) -> None:
        for _ in range(4):
            issue(office)
        one, two = Console(office, "1", NINE), Console(office, "2", NINE)
        for _ in range(3):
            one.renew(NINE, lost=True)
            two.renew(NINE)
        assert one.labels == ["V1", "V2", "V3", "V4"]
        assert two.labels == []

    def test_a_silent_console_keeps_its_people_for_a_minute(self, office: OfficeSnapshot) -> None:
        first = issue(office)
        one = Console(office, "1", NINE)
        assert one.labels == ["V1"]
        late = NINE + timedelta(seconds=20)
        two = Console(office, "2", late)
        with pytest.raises(OnlyHeldOffline) as nobody:
            turns.call_next(office=office, clerk=two.clerk, now=late)
        told = {"number": "1", "since": "9:00:00", "until": "9:01:00"}
        assert nobody.value.params == told
        with pytest.raises(HeldOffline) as refused:
            turns.call_by_hand(office=office, clerk=two.clerk, ticket=first.pk, now=late)
        assert refused.value.params == told
        held = held_elsewhere(office.office_id, two.shift.counter_id, late)
        assert [(s.holder.counter, s.labels) for s in offline_grants.silent_counters(held)] == [
            (one.shift.counter_id, ["V1"])
        ]
        # A second before the minute is over nobody else has them, then anybody.
        two.renew(NINE + timedelta(seconds=59))
        assert two.labels == []
        two.renew(town.at("9:01"))
        assert two.labels == ["V1"]
        assert turns.call_next(office=office, clerk=two.clerk, now=town.at("9:01")).label == "V1"

    def test_who_is_passed_over_meanwhile_is_in_the_reason(self, office: OfficeSnapshot) -> None:
        early = [issue(office), issue(office)]
        one = Console(office, "1", NINE)
        assert one.labels == ["V1", "V2"]
        late = NINE + timedelta(seconds=20)
        later = tickets.issue_ticket(
            office=office, service=town.service(office), touch=uuid4(), now=late
        )
        two = Console(office, "2", late)
        called = turns.call_next(office=office, clerk=two.clerk, now=late)
        assert called.pk == later.pk
        assert reasons.reason_in_words(called.reason, office) == (
            "bez objednání, čeká od 9:00; 2 lidi, kteří byli na řadě dřív, měla na seznamu"
            " přepážka 1, která se neozývala od 9:00:00"
        )
        with translation.override("en"):
            assert reasons.reason_for_public(called.reason, office).endswith(
                "; 2 people whose turn was earlier were on the list of counter 1,"
                " silent since 9:00:00"
            )
        told = overtake_context(office, early[0].label, late + timedelta(seconds=1))
        assert [why for _, why in told["rows"]] == [reasons.reason_in_words(called.reason, office)]

    def test_several_silent_counters_are_told_together(self) -> None:
        since = [town.at("9:00"), town.at("9:01")]
        reason = turns.reason_with_passed(
            discipline.Reason("by_hand"), [Holder(1, since[1]), Holder(2, since[0])]
        )
        assert reason.params == {"held": 2, "held_since": since[0]}

    def test_a_reason_names_nobody_who_was_not_passed_over(self, office: OfficeSnapshot) -> None:
        """The silent counter's people came later than the one whose turn it is anyway."""
        first = issue(office, "pas")
        tickets.issue_ticket(
            office=office, service=town.service(office), touch=uuid4(), now=town.at("9:01")
        )
        Console(office, "1", town.at("9:01"))
        late = town.at("9:01") + timedelta(seconds=20)
        two = Console(office, "2", late)
        called = turns.call_next(office=office, clerk=two.clerk, now=late)
        assert called.pk == first.pk
        assert "held" not in called.reason["params"]

    def test_on_line_the_order_of_the_hall_is_kept(self, office: OfficeSnapshot) -> None:
        issue(office)
        Console(office, "1", NINE)
        two = Console(office, "2", NINE)
        soon = NINE + timedelta(seconds=10)
        assert turns.call_next(office=office, clerk=two.clerk, now=soon).label == "V1"

    def test_a_break_gives_the_list_back_and_holds_nobody(self, office: OfficeSnapshot) -> None:
        issue(office)
        one = Console(office, "1", NINE)
        counters.pause_counter(shift=one.shift, now=NINE)
        assert CallLease.objects.count() == 0
        late = NINE + timedelta(seconds=20)
        two = Console(office, "2", late)
        assert turns.call_next(office=office, clerk=two.clerk, now=late).label == "V1"
        issue(office)
        assert [one.renew(late), one.labels][1] == []
        counters.resume_counter(shift=one.shift, now=late)
        assert [one.renew(late), one.labels][1] == ["V2"]

    def test_closing_the_counter_gives_the_list_back(self, office: OfficeSnapshot) -> None:
        issue(office)
        one = Console(office, "1", NINE)
        assert CallLease.objects.count() == 1
        counters.close_counter(shift=one.shift, now=NINE)
        assert CallLease.objects.count() == 0
        with pytest.raises(CounterNotOpen):
            one.renew(NINE)
        assert CallLease.objects.count() == 0

    def test_closing_the_page_gives_the_list_back(self, office: OfficeSnapshot) -> None:
        issue(office)
        one = Console(office, "1", NINE)
        assert offline_grants.release_list_of_page(office=office, shift=one.shift, page=one.page)
        assert CallLease.objects.count() == 0
        one.renew(NINE)  # was under way when the page was closed
        assert CallLease.objects.count() == 0
        one.page = uuid4().hex  # opened again
        assert [one.renew(NINE), one.labels][1] == ["V1"]

    def test_the_farewell_of_an_earlier_page_drops_nothing(self, office: OfficeSnapshot) -> None:
        issue(office)
        one = Console(office, "1", NINE)
        before, one.page = one.page, uuid4().hex
        one.renew(NINE)
        assert not offline_grants.release_list_of_page(office=office, shift=one.shift, page=before)
        assert not offline_grants.release_list_of_page(office=office, shift=one.shift, page="")
        assert CallLease.objects.count() == 1

    def test_who_logs_out_holds_nobody(self, office: OfficeSnapshot) -> None:
        issue(office)
        one = Console(office, "1", NINE)
        offline_grants.release_list_of_clerk(clerk=one.clerk, page=one.page)
        one.renew(NINE)  # was under way
        assert CallLease.objects.count() == 0
        offline_grants.release_list_of_clerk(clerk=one.clerk + 1)  # without a counter

    def test_two_browsers_of_one_clerk_share_no_one(self, office: OfficeSnapshot) -> None:
        for _ in range(2):
            issue(office)
        one = Console(office, "1", NINE)
        other = Console.__new__(Console)
        other.__dict__.update(one.__dict__, browser=uuid4().hex, ack=0, page=uuid4().hex)
        issue(office)
        other.renew(NINE)
        assert (one.labels, other.labels) == (["V1", "V2"], ["V3"])
        offline_grants.release_list_of_page(office=office, shift=one.shift, page=other.page)
        assert sorted(CallLease.objects.values_list("ticket__number", flat=True)) == [1, 2]
        # Silent or not: the clerk's own counter may call those whom it holds itself.
        late = NINE + timedelta(seconds=20)
        assert turns.call_next(office=office, clerk=one.clerk, now=late).label == "V1"

    @pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
    def test_a_jump_of_the_servers_clock_blocks_nobody(
        self, office: OfficeSnapshot, jump: timedelta
    ) -> None:
        issue(office), issue(office)
        one, two = Console(office, "1", NINE), Console(office, "2", NINE)
        after = NINE + jump
        assert turns.call_next(office=office, clerk=two.clerk, now=after).label == "V1"
        assert [one.renew(after), one.renew(after), one.labels][2] == ["V2"]

    def test_unknown_numbers_are_shared_without_overlap(self, office: OfficeSnapshot) -> None:
        one, two = Console(office, "1", NINE), Console(office, "2", NINE)
        shares = [
            {s["letter"]: s for s in offline_grants.shares_of(office, c.shift.counter_id)}
            for c in (one, two)
        ]
        assert [s["V"]["mine"] for s in shares] == [[0], [1]]
        assert shares[0]["V"]["owners"] == shares[1]["V"]["owners"] == ["1", "2"]
        assert "D" not in shares[0]
        counters.close_counter(shift=one.shift, now=NINE)
        left = {"letter": "V", "step": 2, "mine": [0, 1], "owners": ["2", "2"]}
        assert left in offline_grants.shares_of(office, two.shift.counter_id)

    def test_the_blocks_that_kiosks_have_come_along(self, office: OfficeSnapshot) -> None:
        first, second = Kiosk(office, NINE), Kiosk(office, NINE)
        first.gives(NINE), first.gives(NINE)
        first.merge(town.at("9:01"))
        blocks = Console(office, "1", town.at("9:02")).list.blocks
        assert [(b["letter"], b["first"], b["last"], b["given"]) for b in blocks] == [
            ("D", 500, 599, None),
            ("D", 600, 699, None),
            ("V", 500, 599, 501),
            ("V", 600, 699, None),
        ]
        assert second.next["V"] == 600


class TestCounterLog:
    def test_calls_alone_come_into_the_hall(self, office: OfficeSnapshot) -> None:
        for _ in range(2):
            issue(office)
        one = Console(office, "1", NINE)
        one.does("call", "V1", town.at("9:05"))
        one.does("start", "V1", town.at("9:06"))
        one.does("finish", "V1", town.at("9:10"))
        one.does("call", "V2", town.at("9:11"))
        one.merge(town.at("10:00"))
        served, called = Ticket.objects.order_by("number")
        assert (served.state, served.serving_at, served.ended_at) == (
            TicketState.FINISHED,
            town.at("9:06"),
            town.at("9:10"),
        )
        assert (called.state, called.counter_id) == (TicketState.CALLED, one.shift.counter_id)
        assert called.clerk_id == one.clerk
        assert kinds(data__offline=True) == [
            "TicketCalled",
            "ServingStarted",
            "TicketFinished",
            "TicketCalled",
        ]
        # The clerk goes on, on-line; a repeat of the log undoes nothing.
        turns.finish_service(office=office, clerk=one.clerk, now=town.at("10:01"))
        one.merge(town.at("10:02"))
        assert {t.state for t in Ticket.objects.all()} == {TicketState.FINISHED}

    def test_a_late_log_undoes_nothing_done_on_line(self, office: OfficeSnapshot) -> None:
        issue(office)
        one, two = Console(office, "1", NINE), Console(office, "2", NINE)
        one.does("call", "V1", town.at("9:05"))
        one.merge(town.at("9:30"))
        one.renew(town.at("9:30")), one.renew(town.at("9:30"))
        turns.transfer_client(
            office=office,
            clerk=one.clerk,
            now=town.at("9:31"),
            counter=town.counter(office, "2"),
        )
        two.does("call", "V77", town.at("9:06"))
        two.merge(town.at("9:40"))
        assert Ticket.objects.get().state == TicketState.WAITING
        assert turns.call_next(office=office, clerk=two.clerk, now=town.at("9:41")).label == "V1"

    def test_two_counters_that_called_one_person(self, office: OfficeSnapshot) -> None:
        issue(office)
        one, two = Console(office, "1", NINE), Console(office, "2", NINE)
        two.does("call", "V1", town.at("9:06"))
        one.does("call", "V1", town.at("9:05"))
        two.merge(town.at("9:30"))
        assert Ticket.objects.get().counter_id == two.shift.counter_id
        one.merge(town.at("9:31"))
        assert Ticket.objects.get().counter_id == one.shift.counter_id
        twice = Event.objects.get(kind="CalledTwice")
        assert twice.data["counter"] == two.shift.counter_id
        said, others = (board.merge_notices(office, c.shift, town.at("9:32")) for c in (two, one))
        assert [n["twice"] for n in said] == [
            {"mine": True, "number": "2", "counted": "1", "at": town.at("9:05")}
        ]
        assert [n["twice"]["mine"] for n in others] == [False]

    def test_a_log_that_comes_after_the_client_was_served_elsewhere(
        self, office: OfficeSnapshot
    ) -> None:
        """The console was silent for a minute, so another called and finished its client."""
        issue(office)
        one = Console(office, "1", NINE)
        two = Console(office, "2", town.at("9:01"))
        assert turns.call_next(office=office, clerk=two.clerk, now=town.at("9:06")).label == "V1"
        turns.finish_service(office=office, clerk=two.clerk, now=town.at("9:10"))
        before = hall()
        for n, kind in enumerate(("call", "start", "finish")):
            one.does(kind, "V1", town.at(f"9:0{4 + n}"))
        one.merge(town.at("9:20"))
        assert hall() == before
        (told,) = board.merge_notices(office, one.shift, town.at("9:21"))
        assert told["twice"] == {
            "mine": True,
            "number": "1",
            "counted": "2",
            "at": town.at("9:06"),
        }

    def test_a_booked_client_served_alone_ends_as_served(self, office: OfficeSnapshot) -> None:
        booking = town.confirmed(office, "9:00")
        kiosk, one = Kiosk(office, NINE), Console(office, "1", NINE)
        label = kiosk.takes(booking.pin, town.at("9:02"))
        one.does("call", label, town.at("9:03"))
        one.does("finish", label, town.at("9:09"))
        one.merge(town.at("10:00"))
        assert not Ticket.objects.exists()
        kiosk.merge(town.at("10:01"))
        assert Ticket.objects.get().state == TicketState.FINISHED
        booking.refresh_from_db()
        assert (booking.state, booking.served_at) == ("served", town.at("9:09"))


class TestMissed:
    def test_absent_alone_leaves_the_booking_while_its_pin_counts(
        self, office: OfficeSnapshot
    ) -> None:
        booking = town.confirmed(office, "9:00")
        enter(office, booking.pin, "9:00")
        console = Console(office, "1", NINE)
        console.does("call", "V1", town.at("9:10"))
        console.does("absent", "V1", town.at("9:12"))
        console.merge(town.at("9:30"))
        assert Ticket.objects.get().state == TicketState.NO_SHOW
        assert Booking.objects.get().state == "arrived"
        assert enter(office, booking.pin, "9:31").verdict.outcome.value == "returned"

    def test_absent_alone_after_that_ends_it(self, office: OfficeSnapshot) -> None:
        booking = town.confirmed(office, "9:00")
        enter(office, booking.pin, "9:00")
        console = Console(office, "1", NINE)
        console.does("call", "V1", town.at("10:08"))
        console.does("absent", "V1", town.at("10:10"))
        console.merge(town.at("10:30"))
        ended = Booking.objects.get()
        assert (ended.state, ended.ended_at) == ("no_show", town.at("10:10"))

    def test_a_new_number_for_somebody_missed_puts_the_first_ticket_back_once(
        self, office: OfficeSnapshot
    ) -> None:
        booking = town.confirmed(office, "9:00")
        kiosk, console = Kiosk(office, NINE), Console(office, "2", NINE, "dvorak")
        enter(office, booking.pin, "9:01")
        miss(office, "9:05")
        void = kiosk.takes(booking.pin, town.at("9:10"))
        console.does("call", void, town.at("9:12"))
        console.does("start", void, town.at("9:13"))
        kiosk.merge(town.at("9:20"))
        back = Ticket.objects.get()
        assert (back.state, back.returned_at) == (TicketState.WAITING, town.at("9:10"))
        assert back.pin_returned_at == town.at("9:10")
        console.merge(town.at("9:21"))
        assert Ticket.objects.get().state == TicketState.SERVING
        assert kinds(kind__in=["MissedReturned", "PinUsedTwice"]) == [
            "MissedReturned",
            "PinUsedTwice",
        ]

    def test_a_touch_from_before_the_mark_puts_nobody_back(self, office: OfficeSnapshot) -> None:
        booking = town.confirmed(office, "9:00")
        kiosk = Kiosk(office, NINE)
        enter(office, booking.pin, "9:01")
        kiosk.takes(booking.pin, town.at("9:05"))
        miss(office, "9:06")
        kiosk.merge(town.at("9:20"))
        assert Ticket.objects.get().state == TicketState.NO_SHOW

    def test_an_old_call_does_not_take_somebody_out_who_is_back(
        self, office: OfficeSnapshot
    ) -> None:
        silent = Console(office, "2", NINE, "dvorak")
        first = issue(office)
        silent.does("call", "V1", town.at("9:04"))
        silent.does("absent", "V1", town.at("9:08"))
        clerk = miss(office, "9:05")
        turns.return_missed(office=office, ticket=first.pk, now=town.at("9:10"), actor=clerk)
        silent.merge(town.at("9:20"))
        assert Ticket.objects.get().state == TicketState.WAITING
        assert "CalledTwice" in kinds()

    def test_the_kiosk_is_told_of_the_call(self, office: OfficeSnapshot) -> None:
        booking = town.confirmed(office, "9:00")
        kiosk = Kiosk(office, NINE)
        enter(office, booking.pin, "9:01")
        (entry,) = offline_grants.pin_list(kiosk.grant, office)
        assert (entry["missed"], entry["returned"], entry["ticket"]) == (False, False, None)
        miss(office, "9:05")
        (entry,) = offline_grants.pin_list(kiosk.grant, office)
        assert (entry["missed"], entry["returned"]) == (True, False)
        assert entry["ticket"] == Ticket.objects.get()
        enter(office, booking.pin, "9:06")
        (entry,) = offline_grants.pin_list(kiosk.grant, office)
        assert (entry["missed"], entry["returned"]) == (False, False)


def enter(office: OfficeSnapshot, pin: str, clock: str) -> tickets.CheckIn:
    return tickets.check_in(
        office=office, device=town.kiosk(office), pin=pin, touch=uuid4(), now=town.at(clock)
    )


def miss(office: OfficeSnapshot, clock: str) -> int:
    """Call whoever is next to counter 1 in vain; the clerk."""
    clerk = town.clerk(office).pk
    counters.open_counter(counter=town.counter(office), clerk=clerk, now=NINE)
    turns.call_next(office=office, clerk=clerk, now=town.at(clock))
    turns.mark_no_show(office=office, clerk=clerk, now=town.at(clock))
    return clerk


def test_the_order_in_which_logs_come_makes_no_difference(office: OfficeSnapshot) -> None:
    booking = town.confirmed(office, "9:00")
    touch = uuid4()
    issue(office, touch=touch), issue(office)
    a, b = Kiosk(office, NINE), Kiosk(office, NINE)
    one, two = Console(office, "1", NINE), Console(office, "2", NINE)
    a.takes(booking.pin, town.at("9:04"))
    a.gives(town.at("9:05"), touch=str(touch))
    b.takes(booking.pin, town.at("9:03"))
    b.gives(town.at("9:07"))
    one.does("call", "V1", town.at("9:08"))
    one.does("call", "V500", town.at("9:12"))
    one.does("finish", "V500", town.at("9:20"))
    two.does("call", "V601", town.at("9:09"))
    two.does("absent", "V601", town.at("9:10"))
    two.does("call", "V1", town.at("9:11"))
    two.does("call", "V2", town.at("9:13"))
    logs = [a, b, one, two]
    seen = set()
    # Every third of the 24 orders; all of them are tried without a database in tests/core.
    for order in list(itertools.permutations(range(4)))[::3]:
        sid = transaction.savepoint()
        for which in order:
            logs[which].merge(town.at("9:30"), upto=1)
            logs[which].merge(town.at("9:30"))
        seen.add(tuple(hall()))
        transaction.savepoint_rollback(sid)
    assert len(seen) == 1, "\n".join(map(str, seen))
    states = {f"{row[0]}{row[1]}": row[2] for row in seen.pop()}
    assert states == {"V501": "finished", "V2": "called", "V600": "finished", "V601": "no_show"}
