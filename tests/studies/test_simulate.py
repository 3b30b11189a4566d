"""`prepazka simulate`: presets become plans, changes are read, figures come out."""

import json
import re
from datetime import date
from xml.etree import ElementTree  # noqa: ICN001

import pytest

from prepazka.config.cli import main
from prepazka.officefile import presets
from prepazka.officefile.check import check
from prepazka.officefile.workday import NoSuchDay, plan_of

MONDAY, SUNDAY = date(2026, 1, 12), date(2026, 1, 11)


def office(name):
    return check(presets.preset_text(name))


def test_a_preset_becomes_a_plan_with_its_hours_windows_and_counters():
    named = plan_of(office("sumperk"), MONDAY)
    documents = next(b for b in named.plan.bookable if b.agenda == named.agendas["osobni-doklady"])
    assert (documents.windows[0].start, documents.windows[-1].end) == (480, 1020)
    assert documents.quota == 1
    assert len(named.plan.posts) == len(office("sumperk").counters)
    assert (named.plan.tickets.start, named.plan.tickets.end) == (450, 1005)


def test_so_many_clients_come_as_are_asked_for():
    named = plan_of(office("sumperk"), MONDAY, clients=200)
    assert sum(a.clients for a in named.plan.asked) == pytest.approx(200)


def test_a_closed_day_is_refused():
    with pytest.raises(NoSuchDay):
        plan_of(office("sumperk"), SUNDAY)


@pytest.mark.parametrize("name", presets.preset_names())
def test_every_preset_can_be_simulated(name, tmp_path, capsys):
    kept = tmp_path / "found.json"
    assert main(["simulate", name, "--days", "2", "--json", str(kept)]) == 0
    found = json.loads(kept.read_text())["now"]
    assert found["clients"] > 0
    assert 0 < found["use"] < 1.5


def test_what_ifs_are_printed_with_intervals(tmp_path, capsys):
    whats = ["more=1", "sick=2", "away=3@13:00-15:00", "lunch=3@12:00-12:30", "quota=1:2"]
    whats += ["window=60", "demand=+10%", "reminder=0.6"]
    arguments = [x for what in whats for x in ("--what", what)]
    assert main(["simulate", "sample", "--days", "3", *arguments]) == 0
    out = capsys.readouterr().out
    assert all(f"## {what}" in out for what in whats)
    assert out.count("±") > 50


@pytest.mark.parametrize(
    "what", ["more", "more=99", "away=3@late", "quota=1", "gold=1", "demand=x"]
)
def test_a_change_that_cannot_be_read_is_refused(what, capsys):
    assert main(["simulate", "sample", "--days", "1", "--what", what]) == 1
    assert capsys.readouterr().err


def test_a_wrong_office_is_refused(tmp_path, capsys):
    assert main(["simulate", str(tmp_path / "none.yaml")]) == 1
    (tmp_path / "wrong.yaml").write_text("office: {code: x}\n")
    assert main(["simulate", str(tmp_path / "wrong.yaml")]) == 1


@pytest.mark.parametrize(("language", "heading"), [("cs", "Čekání"), ("en", "Waits")])
def test_the_page_stands_alone(language, heading, tmp_path):
    made = tmp_path / "page.html"
    arguments = ["--what-if", "more=1", "--what-if", "quota=osobni-doklady:2", "--days", "3"]
    options = ["--html", str(made), "--language", language]
    assert main(["simulate", "sumperk", *arguments, *options]) == 0
    page = made.read_text(encoding="utf-8")
    assert f"<h2>{heading}</h2>" in page
    assert page.count("<svg") == page.count("<title>") - 1 == 5
    assert page.count("<table>") == 6
    assert not re.search(r"https?:|<script|<img|url\(|@import", page)
    assert not re.search(r"\bnan\b", page)
    main_part = re.search(r"<main>.*</main>", page.replace(" class=sure", ""), re.DOTALL)
    ElementTree.fromstring(main_part[0])  # noqa: S314  # our own page


@pytest.mark.parametrize(
    "wrong", [["--days", "0"], ["--days", "-3"], ["--clients", "nan"], ["--clients", "0"]]
)
def test_impossible_numbers_are_refused(wrong, capsys):
    assert main(["simulate", "sample", *wrong]) == 1
    assert "not" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_said(tmp_path, capsys):
    options = ["--days", "1", "--html", str(tmp_path / "none" / "page.html")]
    assert main(["simulate", "sample", *options]) == 1
    assert "none" in capsys.readouterr().err
