"""YAML nodes with their lines, sections of keys, and problems that name the line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

import yaml

from prepazka.officefile.phrases import ENGLISH, Phrase, listed
from prepazka.officefile.phrases import phrase as _

T = TypeVar("T")
D = TypeVar("D")
PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}
SHOWN = 60
NOTHING = _("nothing")
START = yaml.Mark("", 0, 0, 0, "", 0)  # of nodes that no file has


@dataclass(frozen=True)
class Problem:
    """One problem of a file: the line, the value there, and what was expected."""

    line: int
    where: str
    value: str | Phrase
    expected: str | Phrase

    def __str__(self) -> str:
        return self.in_language(ENGLISH)

    def in_language(self, language: str) -> str:
        """The problem as a sentence in that language."""
        where = f"{self.where}: " if self.where else ""
        sentence = _(
            "line %(line)s: %(where)s%(value)s; expected %(expected)s.",
            line=self.line,
            where=where,
            value=self.value,
            expected=self.expected,
        )
        return sentence.in_language(language)

    def expectation(self, language: str) -> str:
        """The problem beside its field, where no line is needed."""
        sentence = _("%(value)s; expected %(expected)s.", value=self.value, expected=self.expected)
        return sentence.in_language(language)


def _order(problem: Problem) -> tuple[int, str, str, str]:
    return problem.line, problem.where, str(problem.value), str(problem.expected)


class WrongFile(Exception):
    """The file cannot be used; `problems` are in the order of its lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems), key=_order)
        super().__init__("\n".join(map(str, self.problems)))


class Wrong(Exception):
    """A value is not what was expected; `expected` completes "expected ..."."""

    def __init__(self, expected: str | Phrase, node: yaml.Node | None = None) -> None:
        super().__init__(expected)
        self.expected = expected
        self.node = node


def compose(text: str) -> yaml.Node:
    """The tree of the file, with every scalar left a string. Raises WrongFile."""
    try:
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark and mark.index >= len(text.rstrip()) and error.context_mark:
            mark = error.context_mark  # point at the start of what was never closed
        line = mark.line + 1 if mark else 1
        reason = " ".join(sentence for sentence in (error.context, error.problem) if sentence)
        expected = _("correct YAML (%(reason)s)", reason=reason)
        raise WrongFile([Problem(line, "", _line_of(text, line), expected)]) from error
    except yaml.reader.ReaderError as error:
        line = text[: int(error.position)].count("\n") + 1
        value = _("the character %(code)s", code=f"U+{ord(str(error.character)):04X}")
        raise WrongFile([Problem(line, "", value, _("printable text in UTF-8"))]) from error
    except RecursionError as error:
        problem = Problem(1, "", _("the nesting is too deep"), _("an office's file"))
        raise WrongFile([problem]) from error
    if root is None:
        raise WrongFile([Problem(1, "", _("the file is empty"), _("an office's file"))])
    return root


def _line_of(text: str, line: int) -> str | Phrase:
    lines = text.splitlines()
    return quote_value(lines[line - 1].strip()) if line <= len(lines) else _("the end of the file")


def quote_value(value: str) -> str:
    """The value in quotes, shortened."""
    value = " ".join(value.split())
    return f'"{value[:SHOWN]}…"' if len(value) > SHOWN else f'"{value}"'


def quote_node(node: yaml.Node) -> str | Phrase:
    """The node's content as problems show it."""
    if isinstance(node, yaml.MappingNode):
        return _("a mapping")
    if isinstance(node, yaml.SequenceNode):
        return _("a list")
    return quote_value(node.value) if node.value else NOTHING


def node_of(content: object) -> yaml.Node:
    """The node of a text, list or mapping of texts, as if it stood in a file."""
    if isinstance(content, dict):
        pairs = [(node_of(key), node_of(value)) for key, value in content.items()]
        return yaml.MappingNode("tag:yaml.org,2002:map", pairs, START, START)
    if isinstance(content, list):
        return yaml.SequenceNode("tag:yaml.org,2002:seq", list(map(node_of, content)), START, START)
    return yaml.ScalarNode("tag:yaml.org,2002:str", str(content), START, START)


def line_of(node: yaml.Node) -> int:
    """The node's line, counted from 1."""
    return int(node.start_mark.line) + 1


def nearest_names(name: str, allowed: Iterable[str]) -> str | Phrase:
    """The allowed names for a problem: the one nearest to `name`, or all of them."""
    names = list(allowed)
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    return f'"{close[0]}"' if close else one_of(names)


def one_of(names: Iterable[str]) -> Phrase:
    """All the names that are allowed."""
    return _("one of: %(names)s", names=listed(names) or _("none yet"))


def scalar(node: yaml.Node, expected: str | Phrase) -> str:
    """The text of a single value. Raises Wrong."""
    if (
        not isinstance(node, yaml.ScalarNode)
        or node.tag not in PLAIN_TAGS
        or not node.value.strip()
    ):
        raise Wrong(expected, node)
    return str(node.value).strip()


def items(node: yaml.Node, expected: str | Phrase) -> list[yaml.Node]:
    """The nodes of a list, or of a text separated by commas. Raises Wrong."""
    if isinstance(node, yaml.SequenceNode) and node.tag in PLAIN_TAGS:
        return list(node.value)
    text = scalar(node, expected)
    return [
        yaml.ScalarNode(node.tag, piece.strip(), node.start_mark, node.end_mark)
        for piece in text.split(",")
    ]


class Section:
    """A mapping of the file; keys are read one by one, and unread ones are problems."""

    def __init__(
        self, node: yaml.Node, path: str, problems: list[Problem], expected: str | Phrase
    ) -> None:
        self.node, self.path, self.problems = node, path, problems
        self.keys: dict[str, yaml.Node] = {}
        self.values: dict[str, yaml.Node] = {}
        self.asked: list[str] = []
        if not isinstance(node, yaml.MappingNode) or node.tag not in PLAIN_TAGS:
            self.wrong(node, expected)
            return
        for key, value in node.value:
            self._add(key, value)

    def _add(self, key: yaml.Node, value: yaml.Node) -> None:
        name = str(key.value).strip() if isinstance(key, yaml.ScalarNode) else ""
        if not name:
            self.wrong(key, _("a key that is a word"))
        elif name in self.keys:
            first_line = line_of(self.keys[name])
            self.wrong(key, _("each key once (the first is on line %(line)s)", line=first_line))
        else:
            self.keys[name], self.values[name] = key, value

    def wrong(
        self, node: yaml.Node, expected: str | Phrase, *, at: str = "", value: str | Phrase = ""
    ) -> None:
        """Add a problem."""
        where = f"{self.path}.{at}" if self.path and at else self.path or at
        self.problems.append(Problem(line_of(node), where, value or quote_node(node), expected))

    def has(self, key: str) -> bool:
        """Whether the key is there; from now on it counts as a known key."""
        self.asked.append(key)
        return key in self.values

    def take(
        self,
        key: str,
        read: Callable[[yaml.Node], T],
        default: D,
        *,
        missing: Phrase | None = None,
    ) -> T | D:
        """The value of the key; the default if it is missing or wrong, which adds a problem.

        `missing` is what a problem says is expected of a required key.
        """
        if not self.has(key):
            if missing:
                self.wrong(self.node, missing, at=key, value=NOTHING)
            return default
        try:
            return read(self.values[key])
        except Wrong as wrong:
            self.wrong(wrong.node or self.values[key], wrong.expected, at=key)
            return default

    def section(self, key: str, expected: str | Phrase) -> Section | None:
        """The mapping under the key, if there is one."""
        if not self.has(key):
            return None
        return Section(self.values[key], self.below(key), self.problems, expected)

    def below(self, key: str) -> str:
        """The path of the key's content."""
        return f"{self.path}.{key}" if self.path else key

    def each(self, expected: str | Phrase) -> Iterator[tuple[str, Section]]:
        """The sections of a mapping whose keys are codes."""
        for key, value in self.values.items():
            self.asked.append(key)
            yield key, Section(value, self.below(key), self.problems, expected)

    def done(self) -> None:
        """Add a problem for each unknown key."""
        for name, key in self.keys.items():
            if name in self.asked:
                continue
            expected = nearest_names(name, dict.fromkeys(self.asked))
            if ":" in name:
                expected = _("%(names)s (texts with commas and times need quotes)", names=expected)
            self.wrong(key, expected, value=unknown_key(name))


def unknown_key(name: str) -> Phrase:
    """What a problem says of a key that has no meaning."""
    return _("unknown key %(key)s", key=quote_value(name))
