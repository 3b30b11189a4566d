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
from prepazka.officefile.value_readers import (
    CLOCK_TIME,
    DAY_MIN,
    DELAY,
    FLAG,
    MOST_MIN,
    SHARE,
    choice,
    length,
    meaning,
    number,
    steps,
    words,
    write_steps,
)

REASON = 200  # characters at most
PROOFS: dict[str, Proof] = {"never": "never", "when busy": "busy", "always": "always"}
POSITIVE = length(1, DAY_MIN, "30 min")
OR_NONE = length(0, DAY_MIN, "15 min", none=0)
HEAD = Right.HEAD
EXPECTED = _("booking rules such as {window: 60 min, quota: 1}, or none")


_rule = partial(rule, Rules())


def _read_steps(node: yaml.Node, _context: FileContext) -> tuple[str, tuple[Step, ...]]:
    return "graduated", steps(node)


RULES: tuple[Field[Any], ...] = (
    _rule(
        "kind",
        Field("kind", choice("window", "slot"), touches_people=True),
        _("Kind of appointments"),
        _(
            "“window”: people come within a window, with priority; “slot”: an exact start, as long"
            " as the service takes."
        ),
    ),
    _rule(
        "window_min",
        Field("window", POSITIVE, touches_people=True, always=True, right=HEAD),
        _("Length of a window"),
        _("How long a window lasts; people come at any time within it."),
    ),
    _rule(
        "quota",
        Field("quota", number(1, MOST_LANES), touches_people=True, always=True, right=HEAD),
        _("Places side by side"),
        _("How many people can be booked in each window or at each time."),
    ),
    _rule(
        "quota_reason",
        Field("quota reason", words(REASON, _("a reason")), right=HEAD),
        _("Reason for a high quota"),
        _("Why people without a booking may wait more than 1.5 times as long; without names."),
    ),
    _rule(
        "raster_min",
        Field("starts every", POSITIVE, always=lambda rules: rules.kind == "slot", right=HEAD),
        _("Grid of starts"),
        _("Exact appointments start at multiples of this time after the opening."),
    ),
    _rule(
        "horizon_days",
        Field("horizon", length(0, 366, "30 days", unit=DAY_MIN), always=True, right=HEAD),
        _("How far ahead"),
        _("How many days ahead people can book."),
    ),
    _rule(
        "lead_min",
        Field("lead", length(0, MOST_MIN), always=True, right=HEAD),
        _("Latest booking"),
        _("People can book on the web until this long before the start."),
    ),
    _rule(
        "confirm_min",
        Field("confirm within", OR_NONE, always=True, right=HEAD),
        _("Time to confirm"),
        _("How long people have to click the link in the e-mail; “none”: no click is required."),
    ),
    _rule(
        "early_min",
        Field("early", length(0, DAY_MIN, "30 min"), touches_people=True, always=True, right=HEAD),
        _("Earliest arrival"),
        _("The PIN is accepted from this long before the appointment."),
    ),
    _rule(
        "late_min",
        Field("late", OR_NONE, touches_people=True, always=True, right=HEAD),
        _("Late arrival"),
        _(
            "People who come up to this long after their window get a late place; “none”: the PIN"
            " is not valid after it."
        ),
    ),
    _rule(
        "max_open_per_contact",
        Field("max open bookings", number(1, 100), always=True, right=HEAD),
        _("Bookings for one contact"),
        _("How many appointments one contact may have at a time."),
    ),
    _rule(
        "max_persons",
        Field("max persons", number(1, MOST_PERSONS), always=True, right=HEAD),
        _("Persons in one booking"),
        _("How many people one booking may be for; each takes consecutive time."),
    ),
    _rule(
        "reserved_share reserved_until_days",
        Field("kept for desk", SHARE, right=HEAD),
        _("Kept for the desk"),
        _("A part of the places that only the desk and the phone may book until then."),
    ),
    _rule(
        "release_time_min",
        Field("released at", CLOCK_TIME, right=HEAD),
        _("Time of release"),
        _("At what time a new day becomes available."),
    ),
    _rule(
        "release release_steps",
        Field(
            "released in parts",
            Kind("steps", _read_steps, lambda parts, _context: write_steps(parts[1])),
            right=HEAD,
        ),
        _("Released in parts"),
        _(
            "Parts of a day's places that become available later than the rest, which opens at the"
            " horizon."
        ),
    ),
    _rule(
        "called_from_start",
        Field("never called early", FLAG, right=HEAD),
        _("Never called early"),
        _("Booked people are never called before their time, even if nobody waits."),
    ),
    _rule(
        "topic_line",
        Field("topic in own words", FLAG),
        _("Topic in own words"),
        _(
            "People may add a line about what they need. The staff who serve them can read it; it"
            " is erased with the name."
        ),
    ),
    _rule(
        "return_from_min return_to_min",
        Field("returns after", DELAY, right=HEAD),
        _("Return of freed slots"),
        _(
            "A cancelled slot can be booked again after a random delay, so that nobody can pass it"
            " on."
        ),
    ),
    _rule(
        "waiting_list",
        Field("waiting list", FLAG, touches_people=True, right=HEAD),
        _("Waiting list"),
        _("People may join a waiting list for a suitable slot."),
    ),
    _rule(
        "offer_min",
        Field("offers kept", length(15, MOST_OFFER_MIN, "60 min"), right=HEAD),
        _("Offers kept"),
        _("How long a slot offered to somebody on the waiting list is held."),
    ),
    _rule(
        "proof",
        Field("proof of work", meaning(PROOFS)),
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
