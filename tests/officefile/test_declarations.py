"""Each declared field of the office file is checked, loaded, written, exported and documented."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.utils.translation import override

from prepazka.officefile import file_plan
from prepazka.officefile.check import check
from prepazka.officefile.crest_section import PICTURE
from prepazka.officefile.declarations import Field, FileContext, Right, fields_of
from prepazka.officefile.file_sections import SECTIONS
from prepazka.officefile.nodes import WrongFile
from prepazka.officefile.office_export import export, plan_of
from prepazka.officefile.office_loading import load
from prepazka.offices import models
from prepazka.offices.office_snapshot import snapshot_by_slug
from tests import town
from tests.crests import png
from tests.officefile.test_wrong_files import RIGHT

FILE = Path(__file__).with_name("every_field.yaml").read_text("utf-8")
EVERYTHING = f'{FILE}crest: "{PICTURE}{b64encode(png()).decode()}"\n'
REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "office-file.md"
# The heading of each section in the reference.
HEADINGS = {
    "office": "## office",
    "policy": "## policy",
    "video": "## video",
    "messages": "## messages",
    "departments.*": "## departments",
    "systems.*": "## systems",
    "agendas.*": "## agendas",
    "agendas.*.booking": "### booking",
    "agendas.*.services.*": "### services",
    "counters.*": "## counters",
    "officials.*": "## officials",
    "kiosks.*": "## kiosks",
    "displays.*": "## displays",
}
FIELDS = [(section.path, field) for section in SECTIONS for field in section.fields]
IDS = [f"{path}.{field.key}" for path, field in FIELDS]
of_every_field = pytest.mark.parametrize(("path", "field"), FIELDS, ids=IDS)


def keys_at(tree: Any, path: str) -> Iterator[str]:
    """The keys of all mappings at the path, where `*` stands for each code."""
    first, _, rest = path.partition(".")
    if not path:
        yield from tree
    elif isinstance(tree, dict):
        for branch in tree.values() if first == "*" else [tree.get(first, {})]:
            yield from keys_at(branch, rest) if isinstance(branch, dict) else ()


@pytest.fixture
def exported(db: None) -> str:
    load(EVERYTHING, now=town.FRIDAY_BEFORE)
    return export(models.Office.objects.get())


def test_a_file_with_every_field_survives_a_load_and_an_export(exported: str) -> None:
    assert plan_of(snapshot_by_slug("lhota")) == check(EVERYTHING) == check(exported)
    file, export_tree = (yaml.safe_load(text) for text in (FILE, exported))
    for path, field in FIELDS:
        name = f"{path}.{field.key}"
        assert field.key in keys_at(file, path) or name == ".crest", f"not in the file: {name}"
        # Values in the file differ from the defaults, or the export would leave them out.
        if field not in file_plan.SERVICE_DEFAULTS:
            assert field.key in keys_at(export_tree, path), f"not exported: {name}"


@of_every_field
def test_a_wrong_value_is_a_problem_in_both_languages(path: str, field: Field) -> None:
    context = FileContext(counters=["p1"], agendas={"a": ["s"]})
    (problem, *_more) = field.problems([{"?": ["?"]}], context)
    assert problem.where.startswith(field.key)
    assert "; expected " in problem.expectation("en")
    czech = problem.expectation("cs")
    assert "; má tu být: " in czech
    assert str(problem.expected) not in czech or problem.expected in ('"p1"', '"?"')


@of_every_field
def test_a_form_can_name_and_explain_each_field(path: str, field: Field) -> None:
    assert field.right in Right
    with override("en"):
        english = field.label, field.help
    with override("cs"):
        czech = field.label, field.help
    assert all(english)
    assert english[1].endswith(".")
    assert czech[1] != english[1]


def test_problems_name_the_line_in_czech_too() -> None:
    with pytest.raises(WrongFile) as wrong:
        check(RIGHT.replace("quota: 1", "quota: 0").replace("office:", "ofice:"))
    assert [problem.in_language("cs") for problem in wrong.value.problems] == [
        'řádek 1: neznámý klíč "ofice"; má tu být: "office".',
        "řádek 1: office: nic; má tu být: kód a název úřadu.",
        'řádek 18: agendas.vozidla.booking.quota: "0"; má tu být: celé číslo od 1 do 62.',
    ]


@pytest.mark.parametrize(
    ("plan", "model"),
    [
        (file_plan.OfficePlan, models.Office),
        (file_plan.DepartmentPlan, models.Department),
        (file_plan.SystemPlan, models.System),
        (file_plan.AgendaPlan, models.Agenda),
        (file_plan.ServicePlan, models.Service),
        (file_plan.CounterPlan, models.Counter),
        (file_plan.OfficialPlan, models.Official),
    ],
)
def test_each_field_is_kept_in_a_column(plan: type[Any], model: type[Any]) -> None:
    columns = {field.column for field in fields_of(plan)} - {""}
    assert columns <= {column.name for column in model._meta.concrete_fields}


def rows_of(heading: str) -> dict[str, list[str]]:
    """The cells of the tables under a heading of the reference, by the keys that they explain."""
    text = REFERENCE.read_text("utf-8").split(f"\n{heading}\n")[1]
    rows = {}
    for line in re.split(r"\n#+ ", text)[0].splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        for key in re.findall(r"`([^`]+)`", cells[0]) if cells else []:
            rows[key] = cells
    return rows


@pytest.mark.parametrize("section", [s for s in SECTIONS if s.path], ids=lambda s: s.path)
def test_the_reference_explains_each_field_with_its_default(section: Any) -> None:
    rows = rows_of(HEADINGS[section.path])
    beside = {"booking", "services"} if section.path == "agendas.*" else set()
    assert rows.keys() == {field.key for field in section.fields} | beside
    for field in section.fields:
        if match := re.fullmatch(r"`([^`]+)`", rows[field.key][-2]):
            node = yaml.compose(match[1], yaml.BaseLoader)
            assert node is not None
            default = field.default_in({}, FileContext())
            assert field.kind.read(node, FileContext()) == default, field.key


def test_the_reference_explains_hours_and_crest() -> None:
    text = REFERENCE.read_text("utf-8")
    (section,) = (section for section in SECTIONS if not section.path)
    assert all(re.search(rf"^## .*\b{field.key}\b", text, re.MULTILINE) for field in section.fields)
