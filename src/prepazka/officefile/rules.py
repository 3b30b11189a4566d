"""The booking rules of an agenda, read from the file and written to it."""

from __future__ import annotations

from typing import Any

from prepazka.core.slots import MOST_LANES, MOST_OFFER_MIN, Proof, Rules
from prepazka.officefile import values
from prepazka.officefile.nodes import Section

REASON = 200  # characters at most
PROOFS: dict[str, Proof] = {"never": "never", "when busy": "busy", "always": "always"}


def read_rules(section: Section) -> Rules:
    """The booking rules; what is left out is as `core.slots.Rules` has it."""
    usual = Rules()
    minutes = values.length(0, values.DAY_MIN, example="30 min")
    some = values.length(1, values.DAY_MIN, example="30 min")
    days = values.length(0, 366, unit=values.DAY_MIN, example="30 days")
    far = values.length(0, values.MOST_MIN)
    none = values.length(0, values.DAY_MIN, none=0, example="15 min")
    soon, late = section.take("returns after", values.delay, (0, 0))
    part, until = section.take("kept for desk", values.share, (0.0, 1))
    horizon = section.take("horizon", days, usual.horizon_days)
    steps = section.take("released in parts", values.steps, ())
    if steps and steps[0].days_before >= horizon:
        section.wrong(
            section.values["released in parts"],
            "parts released later than the horizon",
            at="released in parts",
        )
        steps = ()
    proof = values.choice(*PROOFS)
    return Rules(
        kind=section.take("kind", values.choice("window", "slot"), usual.kind),  # type: ignore[arg-type]
        window_min=section.take("window", some, usual.window_min),
        quota=section.take("quota", values.number(1, MOST_LANES), usual.quota),
        quota_reason=section.take("quota reason", values.words(REASON, "a reason"), ""),
        raster_min=section.take("starts every", some, usual.raster_min),
        horizon_days=horizon,
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
        release="graduated" if steps else "rolling",
        release_steps=steps,
        release_time_min=section.take("released at", values.one_clock, usual.release_time_min),
        called_from_start=section.take("never called early", values.flag, usual.called_from_start),
        return_from_min=soon,
        return_to_min=late,
        waiting_list=section.take("waiting list", values.flag, usual.waiting_list),
        offer_min=section.take(
            "offers kept", values.length(15, MOST_OFFER_MIN, example="60 min"), usual.offer_min
        ),
        topic_line=section.take("topic in own words", values.flag, usual.topic_line),
        proof=PROOFS[section.take("proof of work", proof, "when busy")],
    )


def write_rules(rules: Rules) -> dict[str, Any]:
    """The rules as `read_rules` reads them; rare ones only where they differ from the usual."""
    usual = Rules()
    length = values.write_length
    written: dict[str, Any] = {"kind": rules.kind} if rules.kind != usual.kind else {}
    written |= {"window": length(rules.window_min), "quota": str(rules.quota)}
    if rules.quota_reason:
        written["quota reason"] = rules.quota_reason
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
    if rules.release_steps:
        written["released in parts"] = values.write_steps(rules.release_steps)
    if rules.called_from_start:
        written["never called early"] = "yes"
    if rules.topic_line:
        written["topic in own words"] = "yes"
    return written | _against_haste(rules)


def _against_haste(rules: Rules) -> dict[str, Any]:
    """What helps those who do not stand at the computer all day."""
    usual, written = Rules(), dict[str, Any]()
    if rules.return_to_min:
        written["returns after"] = values.write_delay(rules.return_from_min, rules.return_to_min)
    if rules.waiting_list:
        written["waiting list"] = "yes"
    if rules.offer_min != usual.offer_min:
        written["offers kept"] = values.write_length(rules.offer_min)
    if rules.proof != usual.proof:
        written["proof of work"] = next(said for said, one in PROOFS.items() if one == rules.proof)
    return written


def _or_none(minutes: int) -> str:
    return values.write_length(minutes) if minutes else "none"
