"""The short messages of an office, read from the file and written to it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from prepazka.core.message_rules import MessageRules
from prepazka.officefile import values
from prepazka.officefile.nodes import Section, Wrong, scalar

QUIET = 'quiet hours such as "20:00-8:00", or "none"'
# A number in the international form, or a name of at most eleven characters (GSM 03.40).
SENDER = re.compile(r"\+?\d{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 ._&-]{1,11}")


def read_messages(root: Section) -> MessageRules:
    """The rules; without the section there are no short messages."""
    section = root.section("messages", 'rules such as {sms: yes, monthly limit: "500"}')
    usual = MessageRules()
    if section is None:
        return usual
    quiet = section.take("quiet hours", _quiet, (usual.quiet_from_min, usual.quiet_to_min))
    found = MessageRules(
        sms=section.take("sms", values.flag, usual.sms),
        sender=section.take("sender", _sender, usual.sender),
        monthly_limit=section.take("monthly limit", _limit, usual.monthly_limit),
        unicode=section.take("unicode", values.flag, usual.unicode),
        quiet_from_min=quiet[0],
        quiet_to_min=quiet[1],
    )
    section.done()
    return found


def write_messages(rules: MessageRules) -> dict[str, Any]:
    """The rules as `read_messages` reads them; what is as usual is left out."""
    usual = MessageRules()
    if rules == usual:
        return {}
    written: dict[str, Any] = {"sms": "yes" if rules.sms else "no"}
    if rules.sender:
        written["sender"] = rules.sender
    if rules.monthly_limit is not None:
        written["monthly limit"] = str(rules.monthly_limit)
    if rules.unicode:
        written["unicode"] = "yes"
    quiet = (rules.quiet_from_min, rules.quiet_to_min)
    if quiet != (usual.quiet_from_min, usual.quiet_to_min):
        written["quiet hours"] = (
            "none" if quiet[0] == quiet[1] else "-".join(map(values.write_clock, quiet))
        )
    return written


def _sender(node: yaml.Node) -> str:
    expected = (
        'a number such as "+420777123456", or a name of at most 11 letters without diacritics'
    )
    found = scalar(node, expected)
    if not SENDER.fullmatch(found):
        raise Wrong(expected)
    return found


def _limit(node: yaml.Node) -> int | None:
    if scalar(node, 'a number of messages, or "none"') == "none":
        return None
    return values.number(0, 1_000_000)(node)


def _quiet(node: yaml.Node) -> tuple[int, int]:
    found = scalar(node, QUIET)
    if found == "none":
        return 0, 0
    try:
        start, end = (values.clock(part.strip()) for part in re.split(r"[-–]", found))
    except ValueError as error:
        raise Wrong(QUIET) from error
    if start == end or max(start, end) >= values.DAY_MIN:
        raise Wrong(QUIET)
    return start, end
