"""An exported office is the same office again."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from prepazka.core.calendar import DayException, WeeklyHours
from prepazka.core.file_rules import FileRules
from prepazka.core.interval import Interval
from prepazka.core.message_rules import MessageRules
from prepazka.core.message_texts import tidy_text
from prepazka.core.slots import Rules
from prepazka.officefile import file_plan, presets
from prepazka.officefile.check import check
from prepazka.officefile.hours_section import exception_plan
from prepazka.officefile.office_export import export, plan_of
from prepazka.officefile.office_loading import load
from prepazka.officefile.quota_effect import quotas
from prepazka.officefile.value_readers import ROLES
from prepazka.officefile.value_readers import ROOMS as ROOM_NAMES
from prepazka.officefile.write import write
from prepazka.offices import display_options
from prepazka.offices.models import Agenda, Office
from prepazka.offices.office_snapshot import snapshot_by_slug
from tests import town

FILES = st.builds(
    FileRules,
    largest_mb=st.none() | st.integers(1, 20),
    meeting_mb=st.none() | st.integers(20, 500),
    office_mb=st.none() | st.integers(500, 5000),
    number=st.none() | st.integers(1, 30),
)
ROOMS = st.lists(st.sampled_from(ROOM_NAMES), min_size=1, unique=True).map(tuple)
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
nothing: file_plan.Text = {}
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
def exceptions(draw: Any) -> tuple[file_plan.Exceptional, ...]:
    found: list[file_plan.Exceptional] = []
    for _ in range(draw(st.integers(0, 2))):
        kind = draw(st.sampled_from(["closed", "extra", "instead"]))
        start = draw(days)
        end = draw(st.sampled_from([None, start, start + timedelta(days=3)]))
        reason = draw(maybe)
        if kind == "closed" and draw(st.booleans()):
            begins = draw(st.integers(1, 1439))
            ends = None if end is None else draw(st.sampled_from([None, *range(begins + 1, 1440)]))
            days_ = DayException.without_break(start, end, begins, ends)
            minutes = days_.minutes_on(start)
            one_day = exception_plan(kind, start, end, minutes, reason)
            found.append(one_day if end == start else file_plan.Exceptional(days_, reason))
            continue
        several = draw(spans()) if kind != "closed" or draw(st.booleans()) else [None]
        found += [exception_plan(kind, start, end, one, reason) for one in several]
    return tuple(found)


def times(*, booking: bool = False, least: int = 0) -> st.SearchStrategy[file_plan.Times]:
    hours = weeks(least) if least else st.just(()) | weeks()
    return st.builds(file_plan.Times, hours, weeks() if booking else st.just(()), exceptions())


small = st.integers(1, 1440)
rules = st.builds(
    Rules,
    kind=st.sampled_from(["window", "slot"]),
    window_min=small,
    quota=st.integers(1, 3),
    raster_min=small,
    horizon_days=st.integers(0, 40),
    lead_min=st.integers(0, 5000),
    confirm_min=st.integers(0, 1440),
    early_min=st.integers(0, 1440),
    late_min=st.integers(0, 1440),
    max_open_per_contact=st.integers(1, 9),
    max_persons=st.integers(1, 9),
    release_time_min=st.integers(0, 1439),
    waiting_list=st.booleans(),
    offer_min=st.integers(15, 2000),
    proof=st.sampled_from(["never", "busy", "always"]),
    called_from_start=st.booleans(),
)
shares = st.one_of(
    st.just((0.0, 1)), st.tuples(st.integers(1, 1000).map(lambda n: n / 1000), st.integers(0, 30))
)


def _braceless(said: str) -> str:
    return tidy_text(said.replace("{", "(").replace("}", ")"))


quiet = st.sampled_from([(0, 0), (1200, 480), (1320, 360), (60, 1439)])
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
messages = st.builds(
    lambda quiet, **more: MessageRules(quiet_from_min=quiet[0], quiet_to_min=quiet[1], **more),
    quiet,
    sms=st.booleans(),
    unicode=st.booleans(),
    sender=st.sampled_from(["", "+420777123456", "Mesto Lhota"]),
    monthly_limit=st.none() | st.integers(0, 9999),
    reminders=st.sampled_from([("day", "hours"), ("day",), ("hours",), ()]),
    texts=own_texts,
)


@st.composite
def offices(draw: Any) -> file_plan.OfficePlan:
    departments = tuple(
        file_plan.DepartmentPlan(f"odbor-{n}", draw(texts)) for n in range(draw(st.integers(0, 2)))
    )
    agendas = tuple(_agenda(draw, n, departments) for n in range(draw(st.integers(1, 2))))
    every = tuple(s.code for a in agendas for s in a.services)
    counters = [
        file_plan.CounterPlan(
            "p0", "1", file_plan.counter_name("1"), draw(maybe), every, draw(times())
        )
    ]
    if draw(st.booleans()):
        some = draw(st.sets(st.sampled_from(every), min_size=1))
        counters.append(
            file_plan.CounterPlan(
                "p1", "2a", draw(texts), {}, tuple(c for c in every if c in some), draw(times())
            )
        )
    return _with_reasons(
        draw,
        _office(draw, agendas, counters, departments, every),
    )


def _with_reasons(draw: Any, office: file_plan.OfficePlan) -> file_plan.OfficePlan:
    """Quotas that would be refused get a reason, and some others too."""
    refused = {code for code, one in quotas(office).items() if one.refused}
    reason = line.map(tidy_text).filter(lambda said: said and said == said.strip())
    found = []
    for agenda in office.agendas:
        booking = agenda.booking
        if booking and (agenda.code in refused or draw(st.booleans())):
            booking = replace(booking, quota_reason=draw(reason))
        found.append(replace(agenda, booking=booking))
    return replace(office, agendas=tuple(found))


def _office(
    draw: Any,
    agendas: tuple[file_plan.AgendaPlan, ...],
    counters: list[file_plan.CounterPlan],
    departments: tuple[file_plan.DepartmentPlan, ...],
    every: tuple[str, ...],
) -> file_plan.OfficePlan:
    return file_plan.OfficePlan(
        slug="lhota",
        name=draw(texts),
        address=draw(maybe),
        note=draw(maybe),
        after_hours=draw(maybe),
        email=draw(st.sampled_from(["", "urad@lhota.example"])),
        phone=draw(st.sampled_from(["", "+420 123 456 789", "012"])),
        timezone=draw(st.sampled_from(["Europe/Prague", "UTC"])),
        languages=("cs", "en"),
        public_holidays=draw(st.sampled_from(["CZ", ""])),
        head_start_min=draw(st.none() | st.integers(0, 1440)),
        walkin_cap_min=draw(st.none() | st.integers(1, 1440)),
        call_early=draw(st.booleans()),
        first_ticket_min=draw(st.integers(0, 1440)),
        last_ticket_min=draw(st.integers(0, 1440)),
        overtime_min=draw(st.none() | st.integers(0, 1440)),
        phone_tickets=draw(st.sampled_from(["none", "door", "anywhere"])),
        retention_days=draw(st.integers(1, 400)),
        answer_offers_min=draw(st.integers(60, 7 * 1440)),
        lock_after_min=draw(st.integers(2, 120)),
        times=draw(times(booking=True, least=1)),
        departments=departments,
        agendas=agendas,
        counters=tuple(counters),
        devices=_devices(draw, every, [c.code for c in counters]),
        messages=draw(messages),
        officials=_officials(draw, agendas, departments),
        rooms=draw(ROOMS),
        files=draw(FILES),
        room_link=draw(
            st.sampled_from(["", "https://meet.example/{code}", "https://a.b/x?r={code}#z"])
        ),
        second_factor_roles=draw(
            st.sampled_from([(), ("head", "administrator"), ("clerk",), ROLES])
        ),
        embed=draw(st.sampled_from([None, (), ("www.lhota.example", "*.lhota.example:8443")])),
    )


def _officials(
    draw: Any,
    agendas: tuple[file_plan.AgendaPlan, ...],
    departments: tuple[file_plan.DepartmentPlan, ...],
) -> tuple[file_plan.OfficialPlan, ...]:
    exact = [
        s.code
        for a in agendas
        if a.booking and a.booking.kind == "slot"
        for s in a.services
        if s.bookable
    ]
    found = []
    for n in range(draw(st.integers(0, 2)) if exact else 0):
        some = draw(st.sets(st.sampled_from(exact), min_size=1))
        found.append(
            file_plan.OfficialPlan(
                f"urednik-{n}",
                draw(texts),
                draw(st.sampled_from([None, *(d.code for d in departments)])),
                draw(st.sampled_from([None, "p0"])),
                tuple(c for c in exact if c in some),
                draw(maybe),
                draw(st.sampled_from(["", "jana@lhota.example"])),
                draw(st.sampled_from(["", "012"])),
                draw(st.integers(0, 30)),
                draw(times(least=1)),
            )
        )
    return tuple(found)


def _agenda(
    draw: Any, n: int, departments: tuple[file_plan.DepartmentPlan, ...]
) -> file_plan.AgendaPlan:
    booking = draw(st.none() | rules)
    if booking:
        share, until = draw(shares)
        fields = {name: getattr(booking, name) for name in Rules.__slots__}
        fields |= {"reserved_share": share, "reserved_until_days": until}
        if booking.horizon_days > 2 and draw(st.booleans()):
            steps = ((0.125, 2, draw(st.integers(0, 1439))), (0.2, 0, 420))
            fields |= {"release": "graduated", "release_steps": steps}
        if draw(st.booleans()):
            fields |= {"return_from_min": 2, "return_to_min": draw(st.integers(3, 120))}
        booking = Rules(**fields)
    services = []
    for i in range(draw(st.integers(1, 2))):
        bookable = booking is not None and draw(st.booleans())
        services.append(
            file_plan.ServicePlan(
                f"ukon-{n}-{i}",
                draw(texts),
                draw(st.integers(1, 600)),
                bookable,
                not bookable or draw(st.booleans()),
                draw(maybe),
                draw(maybe),
                draw(maybe),
                draw(times()),
                rooms=draw(ROOMS | st.just(())),
            )
        )
    return file_plan.AgendaPlan(
        f"agenda-{n}",
        draw(texts),
        "VD"[n],
        draw(st.sampled_from([None, *(d.code for d in departments)])),
        booking,
        tuple(services),
        draw(times(booking=True)),
    )


def _devices(
    draw: Any, every: tuple[str, ...], counters: list[str]
) -> tuple[file_plan.DevicePlan, ...]:
    chosen = draw(st.sets(st.sampled_from(every), min_size=1))
    kiosk = file_plan.DevicePlan(
        "kiosk",
        "kiosk",
        draw(texts),
        {
            "services": [c for c in every if c in chosen],
            "printer": draw(
                st.sampled_from(
                    [
                        {"kind": "none"},
                        {"kind": "browser"},
                        {"kind": "escpos", "host": "::1", "port": 9100},
                        {"kind": "escpos", "host": "::1", "port": 9100, "paper": 58},
                        {"kind": "escpos", "host": "tiskarna.urad.example", "port": 9101},
                    ]
                )
            ),
            "languages": draw(st.sampled_from([["cs"], ["en", "cs"]])),
        },
    )
    display = file_plan.DevicePlan(
        "display",
        "panel",
        file_plan.DEVICE_NAMES["display"],
        {
            "counters": draw(st.sampled_from([counters, counters[:1]])),
            "layout": draw(st.sampled_from(display_options.LAYOUTS)),
            "sound": draw(st.sampled_from(display_options.SOUNDS)),
            "speech": draw(st.sampled_from([["cs"], ["en"], ["cs", "en"], ["en", "cs"]])),
            "volume": draw(st.integers(1, 100)),
            "text": draw(st.just({}) | texts),
            "arrows": draw(
                st.sampled_from(
                    [{}, {code: display_options.ARROWS[i % 5] for i, code in enumerate(counters)}]
                )
            ),
        },
    )
    return tuple(one for one in (kiosk, display) if draw(st.booleans()))


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
