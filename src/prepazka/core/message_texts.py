"""An office's own texts of messages: the placeholders they may have and must have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Part = Literal["subject", "text", "sms"]
# kind -> part -> language -> the office's words
Texts = Mapping[str, Mapping[str, Mapping[str, str]]]

PARTS: tuple[Part, ...] = ("subject", "text", "sms")
LONGEST: Mapping[str, int] = {"subject": 120, "text": 4000, "sms": 600}
PLACE = re.compile(r"\{([^{}]*)\}")

# Placeholders short enough for a short message; the rest is on the page behind the link.
SHORT = frozenset(
    {
        *("office", "service", "when", "official", "pin", "link", "cancel", "until", "terms"),
        *("system", "expected", "number", "counter", "how", "minutes", "join"),
    }
)


@dataclass(frozen=True, slots=True)
class Placeholders:
    """The placeholders that an office's own texts of a kind may and must have."""

    may: frozenset[str]
    must: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a text: `unknown`, `missing`, `brace` or `long`, and the word it concerns."""

    kind: Literal["unknown", "missing", "brace", "long"]
    name: str = ""


def allowed_placeholders(of_kind: Placeholders, part: Part) -> frozenset[str]:
    """The placeholders that such a text may have."""
    if part == "sms":
        return of_kind.may & SHORT
    return of_kind.may - {"terms"} if part == "subject" else of_kind.may


def required_placeholders(of_kind: Placeholders, part: Part) -> frozenset[str]:
    """The placeholders without which the message would be useless."""
    return frozenset() if part == "subject" else of_kind.must & allowed_placeholders(of_kind, part)


def names_in_braces(text: str) -> list[str]:
    """The names in braces, in order."""
    return PLACE.findall(text)


def faults_of_text(of_kind: Placeholders, part: Part, text: str) -> list[Fault]:
    """All faults of the text; empty if it can be sent."""
    names, may = names_in_braces(text), allowed_placeholders(of_kind, part)
    problems = [Fault("unknown", name) for name in dict.fromkeys(names) if name not in may]
    problems += [
        Fault("missing", name) for name in sorted(required_placeholders(of_kind, part) - set(names))
    ]
    outside = PLACE.sub("", text)
    if "{" in outside or "}" in outside:
        at = min(i for i in (outside.find("{"), outside.find("}")) if i >= 0)
        problems.append(Fault("brace", outside[at : at + 20].split("\n")[0]))
    if len(text) > LONGEST[part]:
        problems.append(Fault("long", str(LONGEST[part])))
    return problems


def fill_placeholders(text: str, words: Mapping[str, str]) -> str:
    """The text with its placeholders filled in; unknown ones become empty."""
    return PLACE.sub(lambda match: words.get(match[1], ""), text)


def tidy_text(text: str) -> str:
    """The text as it is stored: single spaces, none at ends of lines, at most one empty line."""
    lines = (" ".join(line.split()) for line in text.strip().splitlines())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def office_text(texts: Texts, kind: str, part: Part, language: str) -> str:
    """The office's own text, or "" where the standard one is used."""
    return texts.get(kind, {}).get(part, {}).get(language, "")
