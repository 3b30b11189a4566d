"""The estimate on days of the sample office, beside simple formulas: as `evaluate waits` tells it."""

import json

from prepazka.config.cli import main
from prepazka.studies import sample_office


def test_the_replay_beats_simple_formulas(tmp_path, capsys):
    sample_office.write_log(tmp_path, days=4, seed=5)
    kept = tmp_path / "found.json"
    code = main(
        ["evaluate", "waits", str(tmp_path / "tickets.csv"), "--replays", "12",
         "--counters", str(tmp_path / "counters.csv"), "--train-to", "2026-01-07",
         "--json", str(kept)]
    )  # fmt: skip
    assert code == 0
    scores = {s["name"]: s for s in json.loads(kept.read_text())["scores"]}
    others = [s["mae"] for name, s in scores.items() if name in ("naive", "QL", "LES", "HOL")]
    assert scores["replay"]["mae"] < 0.7 * min(others)
    assert "| naive |" in capsys.readouterr().out
