"""Reading and writing of an agenda's booking rules."""

from __future__ import annotations

from typing import Any

from prepazka.core.slots import MOST_LANES, MOST_OFFER_MIN, MOST_PERSONS, Proof, Rules
from prepazka.officefile import value_readers
from prepazka.officefile.nodes import Section

REASON = 200  # characters at most
PROOFS: dict[str, Proof] = {"never": "never", "when busy": "busy", "always": "always"}


def read_rules(section: Section) -> Rules:
    """The booking rules; missing ones have the defaults of `core.slots.Rules`."""
    usual = Rules()
    minutes = value_readers.length(0, value_readers.DAY_MIN, example="30 min")
    positive_minutes = value_readers.length(1, value_readers.DAY_MIN, example="30 min")
    days = value_readers.length(0, 366, unit=value_readers.DAY_MIN, example="30 days")
    lead = value_readers.length(0, value_readers.MOST_MIN)
    minutes_or_none = value_readers.length(0, value_readers.DAY_MIN, none=0, example="15 min")
    return_from, return_to = section.take("returns after", value_readers.delay, (0, 0))
    desk_share, desk_share_until = section.take("kept for desk", value_readers.share, (0.0, 1))
    horizon = section.take("horizon", days, usual.horizon_days)
    steps = section.take("released in parts", value_readers.steps, ())
    if steps and steps[0].days_before >= horizon:
        section.wrong(
            section.values["released in parts"],
            "parts released later than the horizon",
            at="released in parts",
        )
        steps = ()
    proof = value_readers.choice(*PROOFS)
    return Rules(
        kind=section.take("kind", value_readers.choice("window", "slot"), usual.kind),  # type: ignore[arg-type]
        window_min=section.take("window", positive_minutes, usual.window_min),
        quota=section.take("quota", value_readers.number(1, MOST_LANES), usual.quota),
        quota_reason=section.take("quota reason", value_readers.words(REASON, "a reason"), ""),
        raster_min=section.take("starts every", positive_minutes, usual.raster_min),
        horizon_days=horizon,
        lead_min=section.take("lead", lead, usual.lead_min),
        confirm_min=section.take("confirm within", minutes_or_none, usual.confirm_min),
        early_min=section.take("early", minutes, usual.early_min),
        late_min=section.take("late", minutes_or_none, usual.late_min),
        max_open_per_contact=section.take(
            "max open bookings", value_readers.number(1, 100), usual.max_open_per_contact
        ),
        max_persons=section.take(
            "max persons", value_readers.number(1, MOST_PERSONS), usual.max_persons
        ),
        reserved_share=desk_share,
        reserved_until_days=desk_share_until,
        release="graduated" if steps else "rolling",
        release_steps=steps,
        release_time_min=section.take(
            "released at", value_readers.one_clock, usual.release_time_min
        ),
        called_from_start=section.take(
            "never called early", value_readers.flag, usual.called_from_start
        ),
        return_from_min=return_from,
        return_to_min=return_to,
        waiting_list=section.take("waiting list", value_readers.flag, usual.waiting_list),
        offer_min=section.take(
            "offers kept",
            value_readers.length(15, MOST_OFFER_MIN, example="60 min"),
            usual.offer_min,
        ),
        topic_line=section.take("topic in own words", value_readers.flag, usual.topic_line),
        proof=PROOFS[section.take("proof of work", proof, "when busy")],
    )


def write_rules(rules: Rules) -> dict[str, Any]:
    """The rules as `read_rules` reads them; rare ones only if they differ from the default."""
    usual = Rules()
    length = value_readers.write_length
    entries: dict[str, Any] = {"kind": rules.kind} if rules.kind != usual.kind else {}
    entries |= {"window": length(rules.window_min), "quota": str(rules.quota)}
    if rules.quota_reason:
        entries["quota reason"] = rules.quota_reason
    if rules.raster_min != usual.raster_min or rules.kind == "slot":
        entries["starts every"] = length(rules.raster_min)
    entries |= {
        "horizon": length(rules.horizon_days * value_readers.DAY_MIN),
        "lead": length(rules.lead_min),
        "confirm within": _or_none(rules.confirm_min),
        "early": length(rules.early_min),
        "late": _or_none(rules.late_min),
        "max open bookings": str(rules.max_open_per_contact),
        "max persons": str(rules.max_persons),
    }
    if rules.reserved_share:
        entries["kept for desk"] = value_readers.write_share(
            rules.reserved_share, rules.reserved_until_days
        )
    if rules.release_time_min:
        entries["released at"] = value_readers.write_clock(rules.release_time_min)
    if rules.release_steps:
        entries["released in parts"] = value_readers.write_steps(rules.release_steps)
    if rules.called_from_start:
        entries["never called early"] = "yes"
    if rules.topic_line:
        entries["topic in own words"] = "yes"
    return entries | _write_fairness_rules(rules)


def _write_fairness_rules(rules: Rules) -> dict[str, Any]:
    """Rules that favour people who do not watch the calendar all day, if not the default."""
    usual, entries = Rules(), dict[str, Any]()
    if rules.return_to_min:
        entries["returns after"] = value_readers.write_delay(
            rules.return_from_min, rules.return_to_min
        )
    if rules.waiting_list:
        entries["waiting list"] = "yes"
    if rules.offer_min != usual.offer_min:
        entries["offers kept"] = value_readers.write_length(rules.offer_min)
    if rules.proof != usual.proof:
        entries["proof of work"] = next(
            word for word, proof in PROOFS.items() if proof == rules.proof
        )
    return entries


def _or_none(minutes: int) -> str:
    return value_readers.write_length(minutes) if minutes else "none"
