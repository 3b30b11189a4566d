"""The wait estimate over the live state: what is announced, learned, and judged."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from prepazka.core.replay import replay_waits
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.queueing import counters, models, tickets, turns, wait_learning
from prepazka.queueing.models import Ticket, TicketState
from prepazka.reporting import forecast
from prepazka.reporting.live_hall import hall_at
from prepazka.reporting.place import announced_place, counter_opens, place_of
from tests import rounds, town

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def office() -> OfficeSnapshot:
    return town.office()


def walk_in(office: OfficeSnapshot, clock: str, code: str = "prepis") -> Ticket:
    return tickets.issue_ticket(
        office=office, service=town.service(office, code), touch=uuid4(), now=town.at(clock)
    )


def at_work(office: OfficeSnapshot, number: str = "1", username: str = "novakova") -> int:
    clerk = town.clerk(office, username).pk
    counters.open_counter(counter=town.counter(office, number), clerk=clerk, now=town.at("8:00"))
    return clerk


def served(
    office: OfficeSnapshot, lasted: list[float], code: str = "prepis", days_ago: int = 7
) -> None:
    """Tickets of a past day that were served for so many minutes."""
    clerk = town.clerk(office, f"stara{code}{days_ago}").pk
    day = town.MONDAY - timedelta(days=days_ago)
    start = town.at("9:00", day)
    for number, minutes in enumerate(lasted, start=1):
        Ticket.objects.create(
            office=office.row,
            date=day,
            letter="X",
            number=number,
            service=town.service(office, code),
            clerk_id=clerk,
            code=uuid4().hex[:16],
            issued_at=start,
            called_at=start + MINUTE,
            serving_at=start + MINUTE,
            ended_at=start + MINUTE + timedelta(minutes=minutes),
            state=TicketState.FINISHED,
        )


class TestOutlook:
    def test_without_a_counter_there_is_no_number(self, office: OfficeSnapshot) -> None:
        waits = walk_in(office, "7:45")
        place = place_of(office, waits, now=town.at("7:50"))
        assert (place.wait, place.expected) == (None, None)
        assert place.opens_at == town.at("8:00")
        assert counter_opens(office, town.service(office), now=town.at("9:00")) is None
        assert counter_opens(office, town.service(office), now=town.at("12:10")) == town.at("13:00")

    def test_who_waits_behind_more_waits_longer(self, office: OfficeSnapshot) -> None:
        at_work(office)
        first, second, third = (walk_in(office, "8:10") for _ in range(3))
        seen = hall_at(office, now=town.at("8:11"))
        waits = [seen.outlook.tickets[t.pk] for t in (first, second, third)]
        assert waits[0].span == (0, 0)
        assert 8 < waits[1].p50 < waits[1].p80 < waits[2].p80
        assert waits[2].p50 < seen.outlook.newcomers[town.service(office).pk].p50
        assert all(w.thin for w in waits)

    def test_a_newcomer_comes_after_those_of_the_last_seconds(self, office: OfficeSnapshot) -> None:
        at_work(office)
        moment = town.at("8:10") + timedelta(seconds=3)
        for _ in range(3):
            tickets.issue_ticket(
                office=office, service=town.service(office), touch=uuid4(), now=moment
            )
        seen = hall_at(office, now=moment)
        last = max(seen.outlook.tickets.values(), key=lambda one: one.p50)
        assert seen.outlook.newcomers[town.service(office).pk].p50 > last.p50

    def test_only_services_of_open_counters_have_a_number(self, office: OfficeSnapshot) -> None:
        at_work(office, "1")
        walk_in(office, "8:10", "pas")
        seen = hall_at(office, now=town.at("8:11"))
        passport = town.service(office, "pas").pk
        assert passport not in seen.outlook.newcomers
        assert not seen.outlook.tickets

    def test_a_pause_takes_the_number_away_and_lengthens_the_others(
        self, office: OfficeSnapshot
    ) -> None:
        at_work(office, "1")
        at_work(office, "2", "svobodova")
        waiting = [walk_in(office, "8:10") for _ in range(4)]
        before = hall_at(office, now=town.at("8:11")).outlook.tickets[waiting[-1].pk]
        shift = models.Shift.objects.get(counter=town.counter(office, "2"))
        counters.pause_counter(shift=shift, now=town.at("8:11"))
        forecast.clear_outlook_cache()
        seen = hall_at(office, now=town.at("8:11"))
        assert seen.outlook.tickets[waiting[-1].pk].p50 > before.p50
        assert town.service(office, "pas").pk not in seen.outlook.newcomers

    def test_booked_clients_to_come_are_foreseen(self, office: OfficeSnapshot) -> None:
        at_work(office)
        waiting = [walk_in(office, "8:10") for _ in range(6)]
        before = hall_at(office, now=town.at("8:11")).outlook.tickets[waiting[-1].pk]
        town.confirmed(office, "9:00")
        forecast.clear_outlook_cache()
        after = hall_at(office, now=town.at("8:11")).outlook.tickets[waiting[-1].pk]
        assert after.p50 > before.p50 + 5

    def test_two_processes_say_the_same(self, office: OfficeSnapshot) -> None:
        at_work(office)
        for _ in range(5):
            walk_in(office, "8:10")
        first = hall_at(office, now=town.at("8:11") - timedelta(seconds=4)).outlook
        forecast.clear_outlook_cache()
        wait_learning._known.clear()
        other = hall_at(office, now=town.at("8:11")).outlook
        assert first.newcomers == other.newcomers
        assert first.served == other.served

    def test_it_is_made_once_for_all_who_look(
        self, office: OfficeSnapshot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at_work(office)
        made: list[datetime] = []

        def counted(*args: object, **more: object) -> object:
            made.append(town.at("8:00"))
            return replay_waits(*args, **more)  # type: ignore[arg-type]  # passed on

        monkeypatch.setattr(forecast, "replay_waits", counted)
        waits = walk_in(office, "8:10")
        for _ in range(4):
            place_of(office, waits, now=town.at("8:11"))
        assert len(made) == 1
        place_of(office, waits, now=town.at("8:11") + timedelta(seconds=6))
        assert len(made) == 2
        monkeypatch.setattr(forecast, "PAUSE", 60.0)
        late = walk_in(office, "8:11")
        assert place_of(office, late, now=town.at("8:11") + timedelta(seconds=7)).expected
        assert len(made) == 2, "who came meanwhile is the newcomer that was expected"

    def test_the_statements_do_not_grow(self, office: OfficeSnapshot) -> None:
        at_work(office)
        counts: list[int] = []
        for _ in range(2):
            for _ in range(5):
                walk_in(office, "8:10")
            town.confirmed(office, f"{9 + len(counts)}:00")
            with CaptureQueriesContext(connection) as seen:
                assert hall_at(office, now=town.at("8:11")).outlook.newcomers
            counts.append(len(seen))
        assert counts[0] == counts[1] <= 6

    def test_a_shown_wait_is_not_raised_by_little(self, office: OfficeSnapshot) -> None:
        clerk = at_work(office)
        waiting = [walk_in(office, "8:10") for _ in range(4)]
        turns.call_next(office=office, clerk=clerk, now=town.at("8:10"))
        last, ends = waiting[-1].pk, []
        for minute in range(11, 30, 3):
            now = town.at(f"8:{minute}")
            said = hall_at(office, now=now).outlook.tickets[last]
            assert said.p20 <= said.p50 <= said.p80
            ends.append(now + timedelta(minutes=said.p80))
        for before, after in pairwise(ends):
            assert after <= before or after - before > 5 * MINUTE


class TestLearning:
    def test_it_learns_from_the_last_weeks(self, office: OfficeSnapshot) -> None:
        served(office, [6 + n % 5 for n in range(60)])
        rounds.learn(now=town.at("3:00"))
        times = wait_learning.learned_times(office).times
        service = town.service(office).pk
        assert 7 < times.mean(service) < 10.5, "configured are 20"
        assert not times.thin(service)
        assert times.thin(town.service(office, "pas").pk)

    def test_absurd_times_teach_nothing(self, office: OfficeSnapshot) -> None:
        served(office, [8 + n % 3 for n in range(40)])
        rounds.learn(now=town.at("3:00"))
        before = wait_learning.learned_times(office).times.mean(town.service(office).pk)
        served(office, [0, -5, 0.1, 600, 400, 181] * 5, days_ago=6)
        rounds.learn(now=town.at("3:01"))
        after = wait_learning.learned_times(office).times.mean(town.service(office).pk)
        assert after == pytest.approx(before, rel=0.02)

    def test_no_history_is_no_trouble(self, office: OfficeSnapshot) -> None:
        rounds.learn(now=town.at("3:00"))
        rounds.learn(now=town.at("3:00"))
        assert wait_learning.learned_times(office).times.mean(
            town.service(office).pk
        ) == pytest.approx(20, 0.01)


class TestJudging:
    def test_what_was_announced_first_is_kept(self, office: OfficeSnapshot) -> None:
        clerk = at_work(office)
        walk_in(office, "8:10")
        turns.call_next(office=office, clerk=clerk, now=town.at("8:10"))
        waits = walk_in(office, "8:10")
        place = announced_place(office, waits, now=town.at("8:10"))
        kept = Ticket.objects.get(pk=waits.pk)
        assert place.expected
        assert kept.p80 == place.expected.p80
        announced_place(office, kept, now=town.at("8:20"))
        assert Ticket.objects.get(pk=waits.pk).p80 == kept.p80

    def test_misses_raise_the_factor_and_hits_lower_it(self, office: OfficeSnapshot) -> None:
        clerk = at_work(office)
        for p80, minute in ((5, 20), (60, 30)):
            waits = walk_in(office, "8:10")
            wait_learning.store_announced_wait(ticket=waits, p20=1, p50=3, p80=p80)
            turns.call_next(office=office, clerk=clerk, now=town.at(f"8:{minute}"))
            turns.finish_service(office=office, clerk=clerk, now=town.at(f"8:{minute + 5}"))
            rounds.judge_waits(now=town.at(f"8:{minute + 5}"))
        rounds.judge_waits(now=town.at("9:00"))
        row = models.Calibration.objects.get()
        assert row.judged == 2, "each ticket once"
        assert row.theta == pytest.approx(0.02 * (1 - 0.2) - 0.02 * 0.2)

    def test_who_lets_others_go_first_is_not_judged(self, office: OfficeSnapshot) -> None:
        clerk = at_work(office)
        waits = walk_in(office, "8:10")
        wait_learning.store_announced_wait(ticket=waits, p20=1, p50=3, p80=5)
        tickets.postpone_ticket(ticket=waits.pk, minutes=20, now=town.at("8:11"))
        announced_place(office, Ticket.objects.get(pk=waits.pk), now=town.at("8:11"))
        turns.call_next(office=office, clerk=clerk, now=town.at("8:40"))
        rounds.judge_waits(now=town.at("8:41"))
        assert not models.Calibration.objects.exists()

    def test_the_factor_moves_what_is_announced(self, office: OfficeSnapshot) -> None:
        at_work(office)
        for _ in range(3):
            walk_in(office, "8:10")
        service = town.service(office).pk
        before = hall_at(office, now=town.at("8:11")).outlook.newcomers[service]
        models.Calibration.objects.create(office=office.row, service_id=service, theta=0.5)
        forecast.clear_outlook_cache()
        after = hall_at(office, now=town.at("8:11")).outlook.newcomers[service]
        assert after.p80 == pytest.approx(before.p80 * 1.6487, rel=0.001)
