"""`prepazka evaluate waits` on small logs of each kind."""

import csv
import gzip
import math
from itertools import takewhile

import numpy as np
import pytest

from prepazka.config.cli import main
from prepazka.studies import sample_office
from prepazka.studies.forecasts import forecast_tickets
from prepazka.studies.known import learn_from_days
from prepazka.studies.log import LogError, read_calls, read_tickets, rows_of
from prepazka.studies.online import Calibrated
from prepazka.studies.queue_state_logs import read_states, score_fit
from prepazka.studies.regression import Linear
from prepazka.studies.scores import score_forecasts

BASE = {
    "ticket": "1", "service": "op", "agenda": "op", "arrived_at": "2026-01-05T08:00",
    "called_at": "2026-01-05T08:10", "ended_at": "2026-01-05T08:20", "counter": "1", "clerk": "a",
    "booked_from": "", "booked_to": "", "outcome": "served",
}  # fmt: skip


def row(**other):
    return BASE | other


class TestTickets:
    def test_unordered_rows_are_put_in_order_and_duplicates_passed_over(self):
        log = read_tickets([row(ticket="2", arrived_at="2026-01-05T08:05"), row(), row()])
        assert [t.arrived for t in log.days[0].tickets] == [480, 485]
        assert log.skipped == 1

    @pytest.mark.parametrize(
        "bad",
        [
            {"arrived_at": "yesterday"},
            {"called_at": "2026-01-05T07:59"},  # before the arrival
            {"ended_at": "2026-01-05T08:05"},  # before the call
            {"booked_from": "2026-01-05T08:00", "booked_to": "?"},
        ],
    )
    def test_what_cannot_be_is_counted_and_passed_over(self, bad):
        log = read_tickets([row(), row(ticket="2") | bad])
        assert (len(log.days[0].tickets), log.skipped) == (1, 1)

    def test_nothing_that_happens_later_is_known(self, tmp_path):
        """Cutting the log off after a ticket leaves what was said to it as it was."""
        sample_office.write_log(tmp_path, days=4, seed=5)
        _, rows = rows_of(tmp_path / "tickets.csv")
        every = list(rows)
        plan = list(rows_of(tmp_path / "counters.csv")[1])
        log = read_tickets(every, plan)
        known = learn_from_days(log, range(3))
        whole = []
        for said in forecast_tickets(log, known, [3], replays=30):
            whole.append(said)
            if len(whole) == 40:
                break
        last = whole[-1]
        cut = [r | _hidden(r, last.at) for r in every]
        again = forecast_tickets(read_tickets(cut, plan), known, [3], replays=30)
        at = {s.at: s for s in takewhile(lambda s: s.at <= last.at, again)}
        told = [s for s in whole if s.at in at and s.called <= last.at]
        assert len(told) > 5
        for one in told:
            assert (at[one.at].p50, at[one.at].p80) == (one.p50, one.p80)


def _hidden(r, at):
    """What of the row of the fourth day was not known at the minute."""
    if not r["arrived_at"].startswith("2026-01-07"):
        return {}
    minute = [int(x) for x in r["called_at"][11:16].split(":")] if r["called_at"] else [99, 0]
    if minute[0] * 60 + minute[1] > at:
        return {"called_at": "", "ended_at": "", "counter": "", "clerk": "", "outcome": ""}
    return {}


def test_calls_read_their_clock_and_their_classes():
    base = dict.fromkeys(("vru_entry", "vru_exit"), "9:00:00") | {"type": "PS", "priority": "2"}
    calls = [
        base | {"date": "990101", "q_start": "9:00:10", "q_time": "60", "outcome": "AGENT",
                "ser_start": "9:01:10", "ser_time": "120", "server": "A01"},
        base | {"date": "990101", "q_start": "9:00:20", "q_time": "30", "outcome": "HANG",
                "ser_start": "0:00:00", "ser_time": "0", "server": "NO_SERVER"},
        base | {"date": "990101", "q_start": "0:00:00", "q_time": "0", "outcome": "PHANTOM",
                "ser_start": "0:00:00", "ser_time": "0", "server": "NO_SERVER"},
    ]  # fmt: skip
    served, hung = read_calls(calls).days[0].tickets
    assert (served.called, served.ended) == (pytest.approx(541 + 1 / 6), pytest.approx(543 + 1 / 6))
    assert hung.gone
    assert hung.called is None
    assert served.first


def states(days=8, seed=1):
    """Two queues that are called at 0.2 and 0.5 a minute, whatever the naive formula thinks."""
    rng = np.random.default_rng(seed)
    for day in range(days):
        for n, pace in enumerate((0.2, 0.5)):
            for t in range(480, 980, 5):
                q = int(rng.integers(1, 12))
                wait = q / pace * math.exp(0.3 * rng.standard_normal())
                yield {
                    "office": "A", "group": str(n), "date": f"2026-01-{day + 1:02}", "t": str(t),
                    "q": str(q), "st": "2", "W": f"{wait:.2f}", "les": "5", "hol": "5",
                    "czas": "10", "r30": str(pace), "r60": str(pace), "rday": str(pace), "c": "9",
                }  # fmt: skip


class TestSnapshots:
    def test_it_learns_how_fast_a_queue_moves(self):
        found = score_fit(read_states(states()), train_to="2026-01-06", judge_from="2026-01-07", linear=True)  # fmt: skip
        naive, fitted = found.scores[0], found.scores[-1]
        assert fitted.mae < 0.6 * naive.mae
        assert fitted.coverage == pytest.approx(0.8, abs=0.06)
        assert found.queues == 2

    def test_bad_and_double_rows_are_passed_over(self):
        rows = list(states(days=1))
        bad = [{"q": "0"}, {"q": "many"}, {"st": "0"}, {"W": "-1"}, {"W": "nan"}, {}]
        found = read_states([*rows[::-1], *(rows[0] | b for b in bad)])
        assert found.skipped == len(bad)
        assert (np.diff(found.column["t"]) >= 0).all()

    def test_the_command_reads_a_compressed_file(self, tmp_path, capsys):
        rows, path = list(states()), tmp_path / "w.csv.gz"
        with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
            out = csv.DictWriter(file, rows[0])
            out.writeheader()
            out.writerows(rows)
        assert main(["evaluate", "waits", str(path), "--linear"]) == 0
        assert "linear quantile regression" in capsys.readouterr().out


def test_other_files_are_refused(tmp_path, capsys):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    assert main(["evaluate", "waits", str(tmp_path / "x.csv")]) == 1
    assert main(["evaluate", "waits", str(tmp_path / "none.csv")]) == 1
    assert "not a known queue log" in capsys.readouterr().err
    with pytest.raises(LogError):
        rows_of(tmp_path / "none.csv")


def test_a_quantile_is_regressed():
    rng = np.random.default_rng(2)
    x = rng.uniform(0, 10, (4_000, 1))
    y = 3 * x[:, 0] + 5 + x[:, 0] * rng.standard_normal(4_000)
    found = Linear(x, y, 0.8).predict(x)
    assert np.mean(y <= found) == pytest.approx(0.8, abs=0.01)
    assert found[x[:, 0] > 9].mean() == pytest.approx(3 * 9.5 + 5 + 0.84 * 9.5, rel=0.05)


def test_what_a_ticket_waited_is_learned_only_when_it_is_called():
    stream = Calibrated.started([("a", 10.0, 10.0)] * 50, gamma=0.5)
    first = stream.announce("a", 10, wait=90, at=(1, 600), called=690)
    assert stream.announce("a", 10, wait=5, at=(1, 650), called=655) == first
    assert stream.announce("a", 10, wait=5, at=(1, 700), called=705) > first


def test_scores_are_what_they_are_called():
    found = score_forecasts("x", [10.0, 20.0], np.array([12.0, 14.0]), np.array([15.0, 15.0]))
    assert (found.mae, found.bias, found.coverage, found.near) == (4, -2, 0.5, 1)
    assert found.pinball == pytest.approx((0.2 * 5 + 0.8 * 5) / 2)
