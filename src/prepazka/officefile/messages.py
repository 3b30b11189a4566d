"""The messages of an office, read from the file and written to it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from prepazka.core import message_texts
from prepazka.core.message_rules import DAY_BEFORE, HOURS_BEFORE, MessageRules
from prepazka.core.message_texts import Texts
from prepazka.officefile import values
from prepazka.officefile.nodes import Section, Wrong, nearest, scalar

REMINDERS: dict[str, tuple[str, ...]] = {
    "day and hours before": (DAY_BEFORE, HOURS_BEFORE),
    "day before": (DAY_BEFORE,),
    "hours before": (HOURS_BEFORE,),
    "none": (),
}
QUIET = 'quiet hours such as "20:00-8:00", or "none"'
# A number in the international form, or a name of at most eleven characters (GSM 03.40).
SENDER = re.compile(r"\+?\d{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 ._&-]{1,11}")


def read_messages(root: Section, languages: tuple[str, ...]) -> MessageRules:
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
        reminders=REMINDERS[
            section.take("reminders", values.choice(*REMINDERS), _words(usual.reminders))
        ],
        texts=_texts(section, languages),
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
    if rules.monthly_limit != usual.monthly_limit:
        limit = rules.monthly_limit
        written["monthly limit"] = "none" if limit is None else str(limit)
    if rules.unicode:
        written["unicode"] = "yes"
    quiet = (rules.quiet_from_min, rules.quiet_to_min)
    if quiet != (usual.quiet_from_min, usual.quiet_to_min):
        written["quiet hours"] = (
            "none" if quiet[0] == quiet[1] else "-".join(map(values.write_clock, quiet))
        )
    if rules.reminders != usual.reminders:
        written["reminders"] = _words(rules.reminders)
    if rules.texts:
        written["texts"] = {
            kind: {part: dict(said) for part, said in parts.items()}
            for kind, parts in rules.texts.items()
        }
    return written


def _words(reminders: tuple[str, ...]) -> str:
    return next(words for words, found in REMINDERS.items() if found == reminders)


def _texts(section: Section, languages: tuple[str, ...]) -> Texts:
    """The office's own words, by kind, part and language; broken ones are problems of the file."""
    kinds = section.section("texts", "kinds of messages such as `reminder`")
    found: dict[str, dict[str, dict[str, str]]] = {}
    if kinds is None:
        return found
    for kind, parts in kinds.each("`subject`, `text` and `sms`"):
        if kind not in message_texts.NEEDS:
            kinds.wrong(
                kinds.keys[kind], nearest(kind, message_texts.NEEDS), value=f'the kind "{kind}"'
            )
            continue
        for part in message_texts.PARTS:
            said = parts.section(part, "words per language such as {cs: ..., en: ...}")
            words = _by_language(kind, part, said, languages) if said else {}
            if words:
                found.setdefault(kind, {})[part] = words
        parts.done()
    return found


def _by_language(
    kind: str, part: message_texts.Part, said: Section, languages: tuple[str, ...]
) -> dict[str, str]:
    found = {}
    for language in languages:
        words = said.take(language, lambda node: _own(kind, part, node), "")
        if words:
            found[language] = words
    said.done()
    return found


def _own(kind: str, part: message_texts.Part, node: yaml.Node) -> str:
    text = message_texts.tidy(scalar(node, "the words of the message"))
    for fault in message_texts.faults(kind, part, text):
        raise Wrong(_expected(kind, part, fault))
    return " ".join(text.split()) if part != "text" else text


def _expected(kind: str, part: message_texts.Part, fault: message_texts.Fault) -> str:
    names = sorted(message_texts.allowed(kind, part))
    if fault.kind == "unknown":
        return f"not the placeholder {{{fault.name}}} but {nearest(fault.name, names)}"
    if fault.kind == "missing":
        return f"the placeholder {{{fault.name}}}, without which the message is of no use"
    if fault.kind == "long":
        return f"at most {fault.name} characters"
    return f'braces in pairs around a placeholder (at "{fault.name}")'


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
