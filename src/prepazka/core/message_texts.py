"""An office's own texts of messages: the placeholders they may have and must have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

Part = Literal["subject", "text", "sms"]
# kind -> part -> language -> the office's words
Texts = Mapping[str, Mapping[str, Mapping[str, str]]]

PARTS: tuple[Part, ...] = ("subject", "text", "sms")
LONGEST: Mapping[str, int] = {"subject": 120, "text": 4000, "sms": 600}
PLACE = re.compile(r"\{([^{}]*)\}")

ALWAYS = frozenset({"office", "service"})
BOOKED = ALWAYS | {
    "when",
    "come",
    "official",
    "place",
    "bring",
    "fee",
    "pin",
    "link",
    "move",
    "cancel",
    "again",
}
TURN = ALWAYS | {"number", "link"}
OFFERED = BOOKED | {"terms", "until"}
# Placeholders short enough for a short message; the rest is on the page behind the link.
SHORT = frozenset(
    {
        *("office", "service", "when", "official", "pin", "link", "cancel", "until", "terms"),
        *("system", "expected", "number", "counter", "how", "minutes", "join"),
    }
)


@dataclass(frozen=True, slots=True)
class Needs:
    """The placeholders that texts of a kind may and must have."""

    may: frozenset[str]
    must: frozenset[str] = frozenset()


NEEDS: Mapping[str, Needs] = {
    "confirm": Needs(BOOKED - {"pin", "move", "cancel"} | {"until"}, frozenset({"link"})),
    "confirmed": Needs(BOOKED, frozenset({"pin", "link"})),
    "moved": Needs(BOOKED, frozenset({"pin", "link"})),
    "reminder": Needs(BOOKED, frozenset({"pin", "link"})),
    "reminder_soon": Needs(BOOKED, frozenset({"pin", "link"})),
    "cancelled": Needs(BOOKED - {"pin", "move", "cancel"}),
    "cancelled_by_office": Needs(BOOKED - {"pin", "move", "cancel"}),
    "when": Needs(BOOKED, frozenset({"when"})),
    "reply_help": Needs(BOOKED),
    "reply_which": Needs(BOOKED | {"terms"}, frozenset({"terms"})),
    "reply_over": Needs(BOOKED - {"pin", "move", "cancel"}),
    "reminders_off": Needs(BOOKED),
    "displaced": Needs(BOOKED - {"pin", "move"}, frozenset({"when"})),
    "offer": Needs(OFFERED - {"pin", "move"}, frozenset({"terms", "link"})),
    "offer_withdrawn": Needs(BOOKED - {"pin", "move"}),
    "reassigned": Needs(BOOKED, frozenset({"link"})),
    "pin_changed": Needs(BOOKED, frozenset({"pin", "link"})),
    "restored": Needs(BOOKED, frozenset({"pin", "link"})),
    "incident": Needs(BOOKED | {"what", "system"}, frozenset({"system", "link"})),
    "incident_moved": Needs(
        BOOKED | {"what", "system", "expected"}, frozenset({"system", "expected", "link"})
    ),
    "incident_over": Needs(BOOKED | {"what", "system"}, frozenset({"system", "link"})),
    "mode_changed": Needs(BOOKED | {"how"}, frozenset({"how", "link"})),
    "room_changed": Needs(BOOKED | {"join"}, frozenset({"join", "link"})),
    "missed": Needs(BOOKED - {"pin", "move", "cancel"}),
    "late": Needs(BOOKED | {"minutes"}, frozenset({"minutes", "link"})),
    "on_list": Needs(ALWAYS | {"link", "again"}, frozenset({"link"})),
    "wait_ended": Needs(ALWAYS | {"link"}, frozenset({"link"})),
    "dropped": Needs(ALWAYS | {"link", "again"}, frozenset({"link"})),
    "place": Needs(ALWAYS | {"link", "again", "terms", "until"}, frozenset({"terms", "link"})),
    "turn_near": Needs(TURN, frozenset({"number"})),
    "turn_called": Needs(TURN | {"counter"}, frozenset({"number", "counter"})),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of a text: `unknown`, `missing`, `brace` or `long`, and the word it concerns."""

    kind: Literal["unknown", "missing", "brace", "long"]
    name: str = ""


def allowed_placeholders(kind: str, part: Part) -> frozenset[str]:
    """The placeholders that such a text may have."""
    may = NEEDS[kind].may
    if part == "sms":
        return may & SHORT
    return may - {"terms"} if part == "subject" else may


def required_placeholders(kind: str, part: Part) -> frozenset[str]:
    """The placeholders without which the message would be useless."""
    return frozenset() if part == "subject" else NEEDS[kind].must & allowed_placeholders(kind, part)


def placeholders(text: str) -> list[str]:
    """The names in braces, in order."""
    return PLACE.findall(text)


def faults_of_text(kind: str, part: Part, text: str) -> list[Fault]:
    """All faults of the text; empty if it can be sent."""
    names, may = placeholders(text), allowed_placeholders(kind, part)
    problems = [Fault("unknown", name) for name in dict.fromkeys(names) if name not in may]
    problems += [
        Fault("missing", name) for name in sorted(required_placeholders(kind, part) - set(names))
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


def replaceable_kinds(kinds: Iterable[str]) -> list[str]:
    """The given kinds whose texts an office may replace, in the order of the screens."""
    wanted_kinds = set(kinds)
    return [kind for kind in NEEDS if kind in wanted_kinds]
