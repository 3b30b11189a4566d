"""An exported office is the same office again."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from prepazka.core.calendar import DayException, WeeklyHours
from prepazka.core.crest_images import clean_crest
from prepazka.core.file_rules import FileRules
from prepazka.core.interval import Interval
from prepazka.core.message_rules import MessageRules
from prepazka.core.message_texts import tidy_text
from prepazka.core.slots import Rules
from prepazka.officefile import file_plan, presets
from prepazka.officefile.booking_rules_section import RULES
from prepazka.officefile.check import check
from prepazka.officefile.declarations import Field, FileContext, fields_of, stored
from prepazka.officefile.file_limits_section import LIMITS
from prepazka.officefile.file_sections import SECTIONS
from prepazka.officefile.hours_section import (
    AGENDA_TIMES,
    OFFICE_TIMES,
    OFFICIAL_TIMES,
    PART_TIMES,
    Exceptional,
    Times,
    exception_plan,
)
from prepazka.officefile.message_section import MESSAGES
from prepazka.officefile.office_export import export, plan_of
from prepazka.officefile.office_loading import load
from prepazka.officefile.quota_effect import quotas
from prepazka.officefile.value_readers import ROLES, Text
from prepazka.officefile.write import write
from prepazka.offices import display_options
from prepazka.offices.models import Agenda, Office
from prepazka.offices.office_snapshot import snapshot_by_slug
from tests import town
from tests.crests import png

# Words that YAML or a careless reader would take for something else.
SNARES = [
    "no",
    "null",
    "~",
    "12:30",
    "1e3",
    "- a",
    "#x",
    "a: b",
    "{a}",
    "'",
    '"',
    "%",
    "&a",
    "*a",
    "yes",
    "2026-11-23",
    "!x",
    "|",
    "none",
    "all",
    "closed",
    "č, ř",
    "a #b",
    "[x",
]
line = st.one_of(
    st.sampled_from(SNARES),
    st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=12),
)
words = st.lists(line, min_size=1, max_size=2).map("\n".join)
czech = words.map(lambda said: {"cs": said})
texts = czech | st.builds(lambda cs, en: {"cs": cs, "en": en}, words, words)
nothing: Text = {}
maybe = texts | st.just(nothing)
days = st.integers(0, 800).map(lambda n: date(2026, 1, 1) + timedelta(days=n))


@st.composite
def spans(draw: Any) -> list[Interval[int]]:
    ends = sorted(draw(st.sets(st.integers(0, 1440), min_size=2, max_size=4)))
    return [Interval(a, b) for a, b in zip(ends[::2], ends[1::2], strict=False)]


@st.composite
def weeks(draw: Any, least: int = 0) -> tuple[WeeklyHours, ...]:
    rows = []
    valid = draw(
        st.sampled_from(
            [
                (None, None),
                (date(2026, 3, 1), None),
                (None, date(2027, 1, 31)),
                (date(2026, 1, 1), date(2026, 1, 1)),
            ]
        )
    )
    for validity in {(None, None), valid} if draw(st.booleans()) else {valid}:
        for weekday in draw(st.sets(st.integers(0, 6), min_size=least, max_size=3)):
            rows += [WeeklyHours(weekday, one.start, one.end, *validity) for one in draw(spans())]
    return tuple(
        sorted(
            rows,
            key=lambda r: (r.valid_from or date.min, r.valid_to or date.max, r.weekday, r.opens),
        )
    )


@st.composite
def exceptions(draw: Any, allowed: tuple[str, ...]) -> tuple[Exceptional, ...]:
    found: list[Exceptional] = []
    for _ in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from(allowed))
        start = draw(days)
        end = draw(st.sampled_from([None, start, start + timedelta(days=3)]))
        reason = draw(maybe)
        if kind == "closed" and draw(st.booleans()):
            begins = draw(st.integers(1, 1439))
            ends = None if end is None else draw(st.sampled_from([None, *range(begins + 1, 1440)]))
            days_ = DayException.without_break(start, end, begins, ends)
            minutes = days_.minutes_on(start)
            one_day = exception_plan(kind, start, end, minutes, reason)
            found.append(one_day if end == start else Exceptional(days_, reason))
            continue
        optional = kind in {"closed", "reduced"}
        several = draw(spans()) if not optional or draw(st.booleans()) else [None]
        places = draw(st.integers(0, 9)) if kind == "reduced" else None
        found += [exception_plan(kind, start, end, one, reason, places) for one in several]
    return tuple(found)


def _braceless(said: str) -> str:
    return tidy_text(said.replace("{", "(").replace("}", ")"))


# Words of the office with every snare around the placeholders that must stay.
own_texts = st.fixed_dictionaries(
    {},
    optional={
        "reminder": st.fixed_dictionaries(
            {},
            optional={
                "subject": st.fixed_dictionaries({"cs": line.map(_braceless)}),
                "text": st.fixed_dictionaries(
                    {"cs": words.map(lambda said: f"{_braceless(said)}\n\n{{pin}} {{link}}")}
                ),
                "sms": st.fixed_dictionaries(
                    {"en": line.map(lambda said: f"{_braceless(said)} {{pin}} {{link}}")}
                ),
            },
        ).filter(bool)
    },
)
printers = st.sampled_from(
    [
        {"kind": "none"},
        {"kind": "browser"},
        {"kind": "escpos", "host": "::1", "port": 9100},
        {"kind": "escpos", "host": "::1", "port": 9100, "paper": 58},
        {"kind": "escpos", "host": "tiskarna.urad.example", "port": 9101},
    ]
)


def in_order(codes: Sequence[str], least: int = 1) -> st.SearchStrategy[tuple[str, ...]]:
    """Some of the codes, in the order in which they are given."""
    if len(codes) < least:
        return st.just(())
    chosen = st.sets(st.sampled_from(codes), min_size=least) if codes else st.just(set[str]())
    return chosen.map(lambda some: tuple(code for code in codes if code in some))


def bounded(field: Field) -> st.SearchStrategy[int]:
    bounds = field.kind.bounds
    none = bounds.get("none")
    values = st.integers(bounds["lowest"], bounds["highest"])
    return values if none is None or none == -1 else values | st.just(none)


def chosen_words(field: Field) -> st.SearchStrategy[tuple[str, ...]]:
    listed = st.lists(st.sampled_from(field.kind.bounds["choices"]), min_size=1, unique=True)
    return listed.map(tuple) | st.just(()) if field.key == "rooms" else listed.map(tuple)


SIZES = {
    "largest file": st.integers(1, 20),
    "files of a meeting": st.integers(20, 500),
    "all files": st.integers(500, 5000),
}


# How a value of each kind is made up: by itself, by its field's bounds, by codes of the file.
BY_ITSELF: dict[str, st.SearchStrategy[Any]] = {
    "clock": st.integers(0, 1439),
    "code": st.just("lhota"),
    "crest": st.sampled_from([b"", clean_crest(png())]),
    "delay": st.just((0, 0)) | st.tuples(st.just(2), st.integers(3, 120)),
    "email": st.sampled_from(["", "urad@lhota.example"]),
    "flag": st.booleans(),
    "hosts": st.sampled_from([None, (), ("www.a.example", "*.a.example:8443")]),
    "hours": weeks(),
    "languages": st.just(("cs", "en")),
    "message texts": own_texts,
    "printer": printers,
    "quiet": st.sampled_from([(0, 0), (1200, 480), (1320, 360), (60, 1439)]),
    "roles": in_order(ROLES, least=0),
    "room link": st.sampled_from(["", "https://meet.example/{code}", "https://a.b/x?r={code}#z"]),
    "sender": st.sampled_from(["", "+420777123456", "Mesto Lhota"]),
    "share": (
        st.just((0.0, 1))
        | st.tuples(st.integers(1, 1000).map(lambda n: n / 1000), st.integers(0, 30))
    ),
    "some languages": st.sampled_from([("cs",), ("en", "cs")]),
    "speech": st.sampled_from([["cs"], ["en"], ["cs", "en"], ["en", "cs"]]),
    "steps": (
        st.just(("rolling", ()))
        | st.tuples(st.just((0.125, 2)), st.integers(0, 1439)).map(
            lambda first: ("graduated", ((*first[0], first[1]), (0.2, 0, 420)))
        )
    ),
    "timezone": st.sampled_from(["Europe/Prague", "UTC"]),
    "words": st.sampled_from(["", "+420 123 456 789", "012"]),
}
BY_FIELD: dict[str, Callable[[Field], st.SearchStrategy[Any]]] = {
    "choice": lambda f: st.sampled_from([*f.kind.bounds["choices"].values()]),
    "exceptions": lambda f: exceptions(f.kind.bounds["choices"]),
    "length": bounded,
    "length or none": lambda f: st.none() | bounded(f),
    "limit": lambda f: st.none() | bounded(f),
    "number": bounded,
    "several": chosen_words,
    "size": lambda f: st.none() | SIZES[f.key],
    "sound": lambda f: st.sampled_from(f.kind.bounds["choices"]),
    "text": lambda f: texts if f.missing or f.key == "name" else maybe,
}
BY_CODES: dict[str, Callable[[FileContext], st.SearchStrategy[Any]]] = {
    "arrows": lambda c: st.dictionaries(
        st.sampled_from(c.counters), st.sampled_from(display_options.ARROWS)
    ),
    "counter": lambda c: st.none() | st.sampled_from(c.counters),
    "counters": lambda c: in_order(c.counters).map(list),
    "department": lambda c: st.sampled_from([None, *c.departments]),
    "letter": lambda c: st.just(chr(ord("A") + len(c.agendas))),
    "services": lambda c: in_order(c.services),
    "systems": lambda c: in_order(c.systems, least=0),
    "topics": lambda c: in_order([code for code in c.services if code in c.exact]),
}


def strategy(field: Field, context: FileContext) -> st.SearchStrategy[Any]:
    kind = field.kind.name
    if kind in BY_ITSELF:
        return BY_ITSELF[kind]
    return BY_FIELD[kind](field) if kind in BY_FIELD else BY_CODES[kind](context)


def values(
    draw: Any, fields: Sequence[Field], context: FileContext, **fixed: Any
) -> dict[str, Any]:
    """A value of each field by its attributes, as `read_fields` would read it."""
    drawn: dict[str, Any] = {}
    for field in fields:
        value = draw(strategy(field, context))
        pieces = value if len(field.attributes) > 1 else (value,)
        drawn |= zip(field.attributes, pieces, strict=True)
    return drawn | fixed


def part_times(draw: Any, fields: Sequence[Field], context: FileContext, **fixed: Any) -> Times:
    return Times(**values(draw, fields, context, **fixed))


@st.composite
def offices(draw: Any) -> file_plan.OfficePlan:
    context = FileContext(languages=("cs", "en"))
    departments = tuple(
        file_plan.DepartmentPlan(
            code=f"odbor-{n}", **values(draw, fields_of(file_plan.DepartmentPlan), context)
        )
        for n in range(draw(st.integers(0, 2)))
    )
    systems = tuple(
        file_plan.SystemPlan(
            code=f"system-{n}", **values(draw, fields_of(file_plan.SystemPlan), context)
        )
        for n in range(draw(st.integers(0, 2)))
    )
    context.departments = [d.code for d in departments]
    context.systems = [s.code for s in systems]
    agendas = tuple(_agenda(draw, n, context) for n in range(draw(st.integers(1, 2))))
    counters = tuple(_counter(draw, n, context) for n in range(draw(st.integers(1, 2))))
    devices = [
        _device(draw, kind, context) for kind in file_plan.DEVICE_FIELDS if draw(st.booleans())
    ]
    sections = (
        file_plan.OfficeSection,
        file_plan.PolicySection,
        file_plan.VideoSection,
        file_plan.CrestSection,
    )
    fields = [field for section in sections for field in fields_of(section)]
    drawn = values(draw, fields, context)
    office = file_plan.OfficePlan(
        **drawn | {"rooms": drawn["rooms"] or ("embedded",)},
        times=part_times(draw, OFFICE_TIMES, context, hours=draw(weeks(1))),
        departments=departments,
        systems=systems,
        agendas=agendas,
        counters=counters,
        devices=tuple(devices),
        messages=MessageRules(**values(draw, MESSAGES, context)),
        files=FileRules(**values(draw, LIMITS, context)),
        officials=_officials(draw, context),
    )
    return _with_reasons(draw, office)


def _with_reasons(draw: Any, office: file_plan.OfficePlan) -> file_plan.OfficePlan:
    """Quotas that would be refused get a reason, and some others too."""
    refused = {code for code, quota in quotas(office).items() if quota.refused}
    reason = line.map(tidy_text).filter(lambda said: said and said == said.strip())
    agendas = []
    for agenda in office.agendas:
        booking = agenda.booking
        if booking and (agenda.code in refused or draw(st.booleans())):
            booking = replace(booking, quota_reason=draw(reason))
        agendas.append(replace(agenda, booking=booking))
    return replace(office, agendas=tuple(agendas))


def _agenda(draw: Any, n: int, context: FileContext) -> file_plan.AgendaPlan:
    code = f"agenda-{n}"
    own = values(draw, fields_of(file_plan.AgendaPlan), context)
    booking = _rules(draw, context) if draw(st.booleans()) else None
    context.agendas[code] = []
    services = []
    for i in range(draw(st.integers(1, 2))):
        drawn = values(draw, fields_of(file_plan.ServicePlan), context)
        bookable = booking is not None and drawn["bookable"]
        drawn |= {"bookable": bookable, "walk_in": not bookable or drawn["walk_in"]}
        drawn |= {"code": f"ukon-{n}-{i}", "times": part_times(draw, PART_TIMES, context)}
        services.append(file_plan.ServicePlan(**drawn))
        context.agendas[code].append(services[-1].code)
        if booking and bookable and booking.kind == "slot":
            context.exact.add(services[-1].code)
    return file_plan.AgendaPlan(
        code=code,
        booking=booking,
        services=tuple(services),
        times=part_times(draw, AGENDA_TIMES, context),
        **own,
    )


def _rules(draw: Any, context: FileContext) -> Rules:
    horizon = draw(st.integers(0, 40))  # a load locks each day of it
    fixed = {"horizon_days": horizon, "quota": draw(st.integers(1, 3)), "quota_reason": ""}
    if horizon <= 2:
        fixed |= {"release": "rolling", "release_steps": ()}
    return Rules(**values(draw, RULES, context, **fixed))


def _counter(draw: Any, n: int, context: FileContext) -> file_plan.CounterPlan:
    """A counter; the first one has a usual name and serves everything."""
    number = f"{n + 1}a" if n else "1"
    fixed: dict[str, Any] = {"number": number}
    if n == 0:
        fixed |= {"name": file_plan.counter_name(number), "services": tuple(context.services)}
    own = values(draw, fields_of(file_plan.CounterPlan), context, **fixed)
    context.counters.append(f"p{n}")
    return file_plan.CounterPlan(code=f"p{n}", times=part_times(draw, PART_TIMES, context), **own)


def _officials(draw: Any, context: FileContext) -> tuple[file_plan.OfficialPlan, ...]:
    return tuple(
        file_plan.OfficialPlan(
            code=f"urednik-{n}",
            times=part_times(draw, OFFICIAL_TIMES, context, hours=draw(weeks(1))),
            **values(draw, fields_of(file_plan.OfficialPlan), context),
        )
        for n in range(draw(st.integers(0, 2)) if context.exact else 0)
    )


def _device(draw: Any, kind: str, context: FileContext) -> file_plan.DevicePlan:
    options = values(draw, file_plan.DEVICE_FIELDS[kind], context)
    if draw(st.booleans()):
        options["name"] = file_plan.DEVICE_NAMES[kind]
    name = options.pop("name")
    return file_plan.DevicePlan(
        kind, f"{kind}-1", name, {key: stored(value) for key, value in options.items()}
    )


def test_values_of_every_kind_are_made_up() -> None:
    kinds = {field.kind.name for section in SECTIONS for field in section.fields}
    assert kinds == {*BY_ITSELF, *BY_FIELD, *BY_CODES}


@settings(max_examples=40, deadline=None)
@given(offices())
def test_what_is_written_reads_the_same(office: file_plan.OfficePlan) -> None:
    assert check(write(office)) == office


class Loaded(TestCase):
    @settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(offices())
    def test_what_is_loaded_exports_the_same(self, office: file_plan.OfficePlan) -> None:
        load(write(office), now=town.FRIDAY_BEFORE)
        assert plan_of(snapshot_by_slug("lhota")) == office


@pytest.mark.django_db
@pytest.mark.parametrize("name", presets.preset_names())
def test_presets_survive_a_load_and_an_export(name: str) -> None:
    wanted = check(presets.preset_text(name))
    load(presets.preset_text(name), now=town.FRIDAY_BEFORE)
    exported = export(Office.objects.get())
    assert check(exported) == wanted
    load(exported, now=town.FRIDAY_BEFORE)
    assert export(Office.objects.get()) == exported


@pytest.mark.django_db
def test_an_office_that_no_file_made_can_be_exported() -> None:
    town.office(quota=2, quota_reason="zkouška")
    Agenda.objects.filter(code="doklady").update(rules_data={"quota_reason": "zkouška"})
    text = export(Office.objects.get())
    report = load(text, now=town.FRIDAY_BEFORE)
    assert (report.created, report.retired, report.conflicts) == ([], [], [])
    assert export(Office.objects.get()) == text
