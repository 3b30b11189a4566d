"""The booking rules of an agenda, read from the file and written to it."""

from __future__ import annotations

from typing import Any

from prepazka.core.slots import Rules
from prepazka.officefile import values
from prepazka.officefile.nodes import Section


def read_rules(section: Section) -> Rules:
    """The booking rules; what is left out is as `core.slots.Rules` has it."""
    usual = Rules()
    minutes = values.length(0, values.DAY_MIN, example="30 min")
    some = values.length(1, values.DAY_MIN, example="30 min")
    days = values.length(0, 366, unit=values.DAY_MIN, example="30 days")
    far = values.length(0, values.MOST_MIN)
    none = values.length(0, values.DAY_MIN, none=0, example="15 min")
    part, until = section.take("kept for desk", values.share, (0.0, 1))
    return Rules(
        kind=section.take("kind", values.choice("window", "slot"), usual.kind),  # type: ignore[arg-type]
        window_min=section.take("window", some, usual.window_min),
        quota=section.take("quota", values.number(1, 200), usual.quota),
        raster_min=section.take("starts every", some, usual.raster_min),
        horizon_days=section.take("horizon", days, usual.horizon_days),
        lead_min=section.take("lead", far, usual.lead_min),
        confirm_min=section.take("confirm within", none, usual.confirm_min),
        early_min=section.take("early", minutes, usual.early_min),
        late_min=section.take("late", none, usual.late_min),
        max_open_per_contact=section.take(
            "max open bookings", values.number(1, 100), usual.max_open_per_contact
        ),
        max_persons=section.take("max persons", values.number(1, 20), usual.max_persons),
        reserved_share=part,
        reserved_until_days=until,
        release_time_min=section.take("released at", values.one_clock, usual.release_time_min),
        called_from_start=section.take("never called early", values.flag, usual.called_from_start),
    )


def write_rules(rules: Rules) -> dict[str, Any]:
    """The rules as `read_rules` reads them; rare ones only where they differ from the usual."""
    usual = Rules()
    length = values.write_length
    written: dict[str, Any] = {"kind": rules.kind} if rules.kind != usual.kind else {}
    written |= {"window": length(rules.window_min), "quota": str(rules.quota)}
    if rules.raster_min != usual.raster_min or rules.kind == "slot":
        written["starts every"] = length(rules.raster_min)
    written |= {
        "horizon": length(rules.horizon_days * values.DAY_MIN),
        "lead": length(rules.lead_min),
        "confirm within": _or_none(rules.confirm_min),
        "early": length(rules.early_min),
        "late": _or_none(rules.late_min),
        "max open bookings": str(rules.max_open_per_contact),
        "max persons": str(rules.max_persons),
    }
    if rules.reserved_share:
        written["kept for desk"] = values.write_share(
            rules.reserved_share, rules.reserved_until_days
        )
    if rules.release_time_min:
        written["released at"] = values.write_clock(rules.release_time_min)
    if rules.called_from_start:
        written["never called early"] = "yes"
    return written


def _or_none(minutes: int) -> str:
    return values.write_length(minutes) if minutes else "none"
