"""Declarations of an office's rules and texts of messages."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import yaml

from prepazka.core import message_texts
from prepazka.core.message_rules import DAY_BEFORE, HOURS_BEFORE, MessageRules
from prepazka.core.message_texts import Texts
from prepazka.messaging.text_placeholders import OF_KINDS
from prepazka.officefile import value_readers
from prepazka.officefile.declarations import (
    Field,
    FileContext,
    Kind,
    Right,
    plain,
    read_fields,
    rule,
    write_fields,
)
from prepazka.officefile.nodes import Section, Wrong, nearest_names, scalar
from prepazka.officefile.phrases import Phrase
from prepazka.officefile.phrases import phrase as _

REMINDERS: dict[str, tuple[str, ...]] = {
    "day and hours before": (DAY_BEFORE, HOURS_BEFORE),
    "day before": (DAY_BEFORE,),
    "hours before": (HOURS_BEFORE,),
    "none": (),
}
HEAD = Right.HEAD
QUIET = _('quiet hours such as "20:00-8:00", or "none"')
MOST_MESSAGES = 1_000_000  # a month
EXPECTED = _('rules such as {sms: yes, monthly limit: "500"}')
# A number in the international form, or a name of at most eleven characters (GSM 03.40).
SENDER = re.compile(r"\+?\d{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 ._&-]{1,11}")


def read_messages(root: Section, context: FileContext) -> MessageRules:
    """The rules of messages; the defaults, without short messages, if there is no section."""
    section = root.section("messages", EXPECTED)
    if section is None:
        return MessageRules()
    rules = MessageRules(**read_fields(section, MESSAGES, context))
    section.done()
    return rules


def write_messages(rules: MessageRules, context: FileContext) -> dict[str, Any]:
    """The rules as `read_messages` reads them, without defaults."""
    return {} if rules == MessageRules() else write_fields(rules, MESSAGES, context)


def _texts(section: Section, key: str, context: FileContext) -> Texts:
    """The office's own texts by kind, part and language; adds a problem for each broken one."""
    kinds = section.section(key, _("kinds of messages such as `reminder`"))
    texts: dict[str, dict[str, dict[str, str]]] = {}
    if kinds is None:
        return texts
    for kind, kind_section in kinds.each(_("`subject`, `text` and `sms`")):
        if kind not in OF_KINDS:
            kinds.wrong(
                kinds.keys[kind],
                nearest_names(kind, OF_KINDS),
                value=_('the kind "%(kind)s"', kind=kind),
            )
            continue
        for text_part in message_texts.PARTS:
            part_section = kind_section.section(
                text_part, _("words per language such as {cs: ..., en: ...}")
            )
            if part_section is None:
                continue
            if words := _by_language(kind, text_part, part_section, context.languages):
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
    text = message_texts.tidy_text(scalar(node, _("the words of the message")))
    for fault in message_texts.faults_of_text(OF_KINDS[kind], text_part, text):
        raise Wrong(_expected(kind, text_part, fault))
    return " ".join(text.split()) if text_part != "text" else text


def _expected(kind: str, text_part: message_texts.Part, fault: message_texts.Fault) -> Phrase:
    names = sorted(message_texts.allowed_placeholders(OF_KINDS[kind], text_part))
    if fault.kind == "unknown":
        return _(
            "not the placeholder %(name)s but %(nearest)s",
            name=f"{{{fault.name}}}",
            nearest=nearest_names(fault.name, names),
        )
    if fault.kind == "missing":
        return _(
            "the placeholder %(name)s, without which the message is of no use",
            name=f"{{{fault.name}}}",
        )
    if fault.kind == "long":
        return _("at most %(most)s characters", most=fault.name)
    return _('braces in pairs around a placeholder (at "%(place)s")', place=fault.name)


def _sender(node: yaml.Node) -> str:
    expected = _(
        'a number such as "+420777123456", or a name of at most 11 letters without diacritics'
    )
    text = scalar(node, expected)
    if not SENDER.fullmatch(text):
        raise Wrong(expected)
    return text


def _limit(node: yaml.Node) -> int | None:
    if scalar(node, _('a number of messages, or "none"')) == "none":
        return None
    return value_readers.number(0, MOST_MESSAGES).read(node, FileContext())


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


def _write_quiet(quiet: tuple[int, int]) -> str:
    return "none" if quiet[0] == quiet[1] else "-".join(map(value_readers.write_clock, quiet))


def _write_texts(texts: Texts, _context: FileContext) -> dict[str, Any]:
    return {
        kind: {text_part: dict(by_language) for text_part, by_language in texts_of_kind.items()}
        for kind, texts_of_kind in texts.items()
    }


_rule = partial(rule, MessageRules())
MESSAGES: tuple[Field[Any], ...] = (
    _rule(
        "sms",
        Field("sms", value_readers.FLAG, always=True),
        _("Text messages"),
        _("Whether people may give a mobile number instead of an e-mail address."),
    ),
    _rule(
        "sender",
        Field("sender", plain("sender", _sender)),
        _("Sender"),
        _("The number or short name that people see as the sender."),
    ),
    _rule(
        "monthly_limit",
        Field(
            "monthly limit",
            plain(
                "limit",
                _limit,
                lambda limit: "none" if limit is None else str(limit),
                lowest=0,
                highest=MOST_MESSAGES,
            ),
        ),
        _("Monthly limit"),
        _("How many text messages may be paid for in a month."),
    ),
    _rule(
        "unicode",
        Field("unicode", value_readers.FLAG),
        _("Czech letters"),
        _("Text messages keep háčky and čárky; they then cost twice as much."),
    ),
    _rule(
        "quiet_from_min quiet_to_min",
        Field("quiet hours", plain("quiet", _quiet, _write_quiet), right=HEAD),
        _("Quiet hours"),
        _("Messages that can wait are not sent in these hours."),
    ),
    _rule(
        "reminders",
        Field("reminders", value_readers.meaning(REMINDERS), right=HEAD),
        _("Reminders"),
        _("When people are reminded of their appointment."),
    ),
    _rule(
        "texts",
        Field("texts", Kind("message texts", write=_write_texts, nested=_texts), right=HEAD),
        _("Own texts"),
        _("The office's own words of messages, by kind, part and language."),
    ),
)
