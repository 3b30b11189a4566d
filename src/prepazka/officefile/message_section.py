"""Reading and writing of an office's rules and texts of messages."""

from __future__ import annotations

import re
from typing import Any

import yaml

from prepazka.core import message_texts
from prepazka.core.message_rules import DAY_BEFORE, HOURS_BEFORE, MessageRules
from prepazka.core.message_texts import Texts
from prepazka.messaging.text_placeholders import OF_KINDS
from prepazka.officefile import value_readers
from prepazka.officefile.nodes import Section, Wrong, nearest_names, scalar

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
    """The rules of messages; the defaults, without short messages, if there is no section."""
    section = root.section("messages", 'rules such as {sms: yes, monthly limit: "500"}')
    usual = MessageRules()
    if section is None:
        return usual
    quiet = section.take("quiet hours", _quiet, (usual.quiet_from_min, usual.quiet_to_min))
    rules = MessageRules(
        sms=section.take("sms", value_readers.flag, usual.sms),
        sender=section.take("sender", _sender, usual.sender),
        monthly_limit=section.take("monthly limit", _limit, usual.monthly_limit),
        unicode=section.take("unicode", value_readers.flag, usual.unicode),
        quiet_from_min=quiet[0],
        quiet_to_min=quiet[1],
        reminders=REMINDERS[
            section.take("reminders", value_readers.choice(*REMINDERS), _words(usual.reminders))
        ],
        texts=_texts(section, languages),
    )
    section.done()
    return rules


def write_messages(rules: MessageRules) -> dict[str, Any]:
    """The rules as `read_messages` reads them, without defaults."""
    usual = MessageRules()
    if rules == usual:
        return {}
    entries: dict[str, Any] = {"sms": "yes" if rules.sms else "no"}
    if rules.sender:
        entries["sender"] = rules.sender
    if rules.monthly_limit != usual.monthly_limit:
        limit = rules.monthly_limit
        entries["monthly limit"] = "none" if limit is None else str(limit)
    if rules.unicode:
        entries["unicode"] = "yes"
    quiet = (rules.quiet_from_min, rules.quiet_to_min)
    if quiet != (usual.quiet_from_min, usual.quiet_to_min):
        entries["quiet hours"] = (
            "none" if quiet[0] == quiet[1] else "-".join(map(value_readers.write_clock, quiet))
        )
    if rules.reminders != usual.reminders:
        entries["reminders"] = _words(rules.reminders)
    if rules.texts:
        entries["texts"] = {
            kind: {text_part: dict(by_language) for text_part, by_language in texts_of_kind.items()}
            for kind, texts_of_kind in rules.texts.items()
        }
    return entries


def _words(reminders: tuple[str, ...]) -> str:
    return next(words for words, chosen in REMINDERS.items() if chosen == reminders)


def _texts(section: Section, languages: tuple[str, ...]) -> Texts:
    """The office's own texts by kind, part and language; adds a problem for each broken one."""
    kinds = section.section("texts", "kinds of messages such as `reminder`")
    texts: dict[str, dict[str, dict[str, str]]] = {}
    if kinds is None:
        return texts
    for kind, kind_section in kinds.each("`subject`, `text` and `sms`"):
        if kind not in OF_KINDS:
            kinds.wrong(
                kinds.keys[kind],
                nearest_names(kind, OF_KINDS),
                value=f'the kind "{kind}"',
            )
            continue
        for text_part in message_texts.PARTS:
            part_section = kind_section.section(
                text_part, "words per language such as {cs: ..., en: ...}"
            )
            words = _by_language(kind, text_part, part_section, languages) if part_section else {}
            if words:
                texts.setdefault(kind, {})[text_part] = words
        kind_section.done()
    return texts


def _by_language(
    kind: str, text_part: message_texts.Part, section: Section, languages: tuple[str, ...]
) -> dict[str, str]:
    words_by_language = {}
    for language in languages:
        words = section.take(language, lambda node: _own_words(kind, text_part, node), "")
        if words:
            words_by_language[language] = words
    section.done()
    return words_by_language


def _own_words(kind: str, text_part: message_texts.Part, node: yaml.Node) -> str:
    text = message_texts.tidy_text(scalar(node, "the words of the message"))
    for fault in message_texts.faults_of_text(OF_KINDS[kind], text_part, text):
        raise Wrong(_expected(kind, text_part, fault))
    return " ".join(text.split()) if text_part != "text" else text


def _expected(kind: str, text_part: message_texts.Part, fault: message_texts.Fault) -> str:
    names = sorted(message_texts.allowed_placeholders(OF_KINDS[kind], text_part))
    if fault.kind == "unknown":
        return f"not the placeholder {{{fault.name}}} but {nearest_names(fault.name, names)}"
    if fault.kind == "missing":
        return f"the placeholder {{{fault.name}}}, without which the message is of no use"
    if fault.kind == "long":
        return f"at most {fault.name} characters"
    return f'braces in pairs around a placeholder (at "{fault.name}")'


def _sender(node: yaml.Node) -> str:
    expected = (
        'a number such as "+420777123456", or a name of at most 11 letters without diacritics'
    )
    text = scalar(node, expected)
    if not SENDER.fullmatch(text):
        raise Wrong(expected)
    return text


def _limit(node: yaml.Node) -> int | None:
    if scalar(node, 'a number of messages, or "none"') == "none":
        return None
    return value_readers.number(0, 1_000_000)(node)


def _quiet(node: yaml.Node) -> tuple[int, int]:
    text = scalar(node, QUIET)
    if text == "none":
        return 0, 0
    try:
        start, end = (
            value_readers.clock(clock_text.strip()) for clock_text in re.split(r"[-–]", text)
        )
    except ValueError as error:
        raise Wrong(QUIET) from error
    if start == end or max(start, end) >= value_readers.DAY_MIN:
        raise Wrong(QUIET)
    return start, end
