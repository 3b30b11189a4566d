"""Declarations of an agenda's booking rules."""

from __future__ import annotations

from functools import partial
from typing import Any

import yaml

from prepazka.core.slots import (
    MOST_LANES,
    MOST_OFFER_MIN,
    MOST_PERSONS,
    Proof,
    Rules,
    Step,
)
from prepazka.officefile import value_readers
from prepazka.officefile.declarations import (
    Field,
    FileContext,
    Kind,
    Right,
    read_fields,
    rule,
    write_fields,
)
from prepazka.officefile.nodes import Section
from prepazka.officefile.phrases import phrase as _

REASON = 200  # characters at most
PROOFS: dict[str, Proof] = {"never": "never", "when busy": "busy", "always": "always"}
POSITIVE = value_readers.length(1, value_readers.DAY_MIN, example="30 min")
OR_NONE = value_readers.length(0, value_readers.DAY_MIN, none=0, example="15 min")
HEAD = Right.HEAD
EXPECTED = _("booking rules such as {window: 60 min, quota: 1}, or none")


_rule = partial(rule, Rules())


def _read_steps(node: yaml.Node, _context: FileContext) -> tuple[str, tuple[Step, ...]]:
    return "graduated", value_readers.steps(node)


RULES: tuple[Field, ...] = (
    _rule(
        "kind",
        "kind",
        value_readers.choice("window", "slot"),
        _("Kind of appointments"),
        _(
            "“window”: people come within a window, with priority; “slot”: an exact start, as long"
            " as the service takes."
        ),
        touches_people=True,
    ),
    _rule(
        "window_min",
        "window",
        POSITIVE,
        _("Length of a window"),
        _("How long a window lasts; people come at any time within it."),
        touches_people=True,
        always=True,
        right=HEAD,
    ),
    _rule(
        "quota",
        "quota",
        value_readers.number(1, MOST_LANES),
        _("Places side by side"),
        _("How many people can be booked in each window or at each time."),
        touches_people=True,
        always=True,
        right=HEAD,
    ),
    _rule(
        "quota_reason",
        "quota reason",
        value_readers.words(REASON, _("a reason")),
        _("Reason for a high quota"),
        _("Why people without a booking may wait more than 1.5 times as long; without names."),
        right=HEAD,
    ),
    _rule(
        "raster_min",
        "starts every",
        POSITIVE,
        _("Grid of starts"),
        _("Exact appointments start at multiples of this time after the opening."),
        always=lambda rules: rules.kind == "slot",
        right=HEAD,
    ),
    _rule(
        "horizon_days",
        "horizon",
        value_readers.length(0, 366, unit=value_readers.DAY_MIN, example="30 days"),
        _("How far ahead"),
        _("How many days ahead people can book."),
        always=True,
        right=HEAD,
    ),
    _rule(
        "lead_min",
        "lead",
        value_readers.length(0, value_readers.MOST_MIN),
        _("Latest booking"),
        _("People can book on the web until this long before the start."),
        always=True,
        right=HEAD,
    ),
    _rule(
        "confirm_min",
        "confirm within",
        OR_NONE,
        _("Time to confirm"),
        _("How long people have to click the link in the e-mail; “none”: no click is required."),
        always=True,
        right=HEAD,
    ),
    _rule(
        "early_min",
        "early",
        value_readers.length(0, value_readers.DAY_MIN, example="30 min"),
        _("Earliest arrival"),
        _("The PIN is accepted from this long before the appointment."),
        touches_people=True,
        always=True,
        right=HEAD,
    ),
    _rule(
        "late_min",
        "late",
        OR_NONE,
        _("Late arrival"),
        _(
            "People who come up to this long after their window get a late place; “none”: the PIN"
            " is not valid after it."
        ),
        touches_people=True,
        always=True,
        right=HEAD,
    ),
    _rule(
        "max_open_per_contact",
        "max open bookings",
        value_readers.number(1, 100),
        _("Bookings for one contact"),
        _("How many appointments one contact may have at a time."),
        always=True,
        right=HEAD,
    ),
    _rule(
        "max_persons",
        "max persons",
        value_readers.number(1, MOST_PERSONS),
        _("Persons in one booking"),
        _("How many people one booking may be for; each takes consecutive time."),
        always=True,
        right=HEAD,
    ),
    _rule(
        "reserved_share reserved_until_days",
        "kept for desk",
        value_readers.SHARE,
        _("Kept for the desk"),
        _("A part of the places that only the desk and the phone may book until then."),
        right=HEAD,
    ),
    _rule(
        "release_time_min",
        "released at",
        value_readers.CLOCK_TIME,
        _("Time of release"),
        _("At what time a new day becomes available."),
        right=HEAD,
    ),
    _rule(
        "release release_steps",
        "released in parts",
        Kind("steps", _read_steps, lambda parts, _context: value_readers.write_steps(parts[1])),
        _("Released in parts"),
        _(
            "Parts of a day's places that become available later than the rest, which opens at the"
            " horizon."
        ),
        right=HEAD,
    ),
    _rule(
        "called_from_start",
        "never called early",
        value_readers.FLAG,
        _("Never called early"),
        _("Booked people are never called before their time, even if nobody waits."),
        right=HEAD,
    ),
    _rule(
        "topic_line",
        "topic in own words",
        value_readers.FLAG,
        _("Topic in own words"),
        _(
            "People may add a line about what they need. The staff who serve them can read it; it"
            " is erased with the name."
        ),
    ),
    _rule(
        "return_from_min return_to_min",
        "returns after",
        value_readers.DELAY,
        _("Return of freed slots"),
        _(
            "A cancelled slot can be booked again after a random delay, so that nobody can pass it"
            " on."
        ),
        right=HEAD,
    ),
    _rule(
        "waiting_list",
        "waiting list",
        value_readers.FLAG,
        _("Waiting list"),
        _("People may join a waiting list for a suitable slot."),
        touches_people=True,
        right=HEAD,
    ),
    _rule(
        "offer_min",
        "offers kept",
        value_readers.length(15, MOST_OFFER_MIN, example="60 min"),
        _("Offers kept"),
        _("How long a slot offered to somebody on the waiting list is held."),
        right=HEAD,
    ),
    _rule(
        "proof",
        "proof of work",
        value_readers.meaning(PROOFS),
        _("Work of the browser"),
        _(
            "Whether the browser must do a few seconds of work before it may hold a slot; it keeps"
            " programs away."
        ),
    ),
)


def read_rules(section: Section, context: FileContext) -> Rules:
    """The booking rules; missing ones have the defaults of `core.slots.Rules`."""
    values = read_fields(section, RULES, context)
    steps = values["release_steps"]
    if steps and steps[0].days_before >= values["horizon_days"]:
        section.wrong(
            section.values["released in parts"],
            _("parts released later than the horizon"),
            at="released in parts",
        )
        values |= {"release": "rolling", "release_steps": ()}
    return Rules(**values)


def write_rules(rules: Rules, context: FileContext) -> dict[str, Any]:
    """The rules as `read_rules` reads them; rare ones only if they differ from the default."""
    return write_fields(rules, RULES, context)
