"""Finds messages without a correct Czech translation; used by tests."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.utils.translation.template import templatize

SHARED = Path(__file__).parent
# position of the context, of the message and of its plural among the arguments
KEYWORDS = {
    "_": (None, 0, None),
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "gettext_noop": (None, 0, None),
    "ngettext": (None, 0, 1),
    "ngettext_lazy": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "npgettext": (0, 1, 2),
    "npgettext_lazy": (0, 1, 2),
}
_CALL = re.compile(r"(?<![\w.])(n?p?gettext|_)\(")
_TORN = re.compile("<[a-z/!][^>]*\u00a0|[%{(]\u00a0|%\\([^)]*\u00a0|\\{[^}]*\u00a0|\u00a0\\}")
_PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{(\w*)\}")


class Message(NamedTuple):
    """A message as it is used in code or a template."""

    context: str | None
    text: str
    plural: str | None
    where: str


class Missing(NamedTuple):
    """A message whose Czech translation is missing or wrong."""

    text: str
    where: str
    why: str


def untranslated_messages(package: Path) -> list[Missing]:
    """Messages used in the package that neither its own nor the shared catalogue translates."""
    catalogues = [_catalogue(folder) for folder in (package, SHARED)]
    untranslated = []
    for message in messages_of_package(package):
        faults = [fault for catalogue in catalogues if (fault := _fault(message, catalogue))]
        if len(faults) == len(catalogues):
            untranslated.append(
                Missing(message.text, message.where, min(faults, key="absent".__eq__))
            )
    return untranslated


def messages_of_package(package: Path) -> Iterator[Message]:
    """All messages in the package's code and templates, without nested packages with catalogues."""
    nested = [path.parent for path in package.glob("*/**/locale") if path.parent != package]
    for path in sorted(package.rglob("*")):
        if any(folder in path.parents for folder in nested):
            continue
        where = str(path.relative_to(package))
        if path.suffix == ".py":
            yield from _from_python(path.read_text("utf-8"), where)
        elif path.suffix in (".html", ".txt") and "templates" in path.parts:
            yield from _from_template(path.read_text("utf-8"), where)


def _from_python(source: str, where: str) -> Iterator[Message]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
        if name in KEYWORDS:
            texts = [_literal(arg) for arg in node.args]
            yield from _message(name, texts, f"{where}:{node.lineno}")


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _from_template(source: str, where: str) -> Iterator[Message]:
    code = templatize(source, origin=where)
    for call in _CALL.finditer(code):
        line = code.count("\n", 0, call.start()) + 1
        yield from _message(call[1], _strings(code[call.end() :]), f"{where}:{line}")


def _strings(code: str) -> list[str | None]:
    """The literal arguments up to the closing bracket."""
    texts: list[str | None] = []
    depth = 1
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        depth += (token.string == "(") - (token.string == ")")
        if depth == 0:
            break
        if token.type == tokenize.STRING:
            texts.append(ast.literal_eval(token.string))
    return texts


def _message(name: str, texts: list[str | None], where: str) -> Iterator[Message]:
    context, text, plural = (
        (texts[i] if i is not None and i < len(texts) else None) for i in KEYWORDS[name]
    )
    if text:
        yield Message(context, text, plural, where)


def _catalogue(package: Path) -> Catalog:
    path = package / "locale/cs/LC_MESSAGES/django.po"
    if not path.exists():
        return Catalog(locale="cs")
    with path.open("rb") as file:
        return read_po(file, locale="cs")


def _fault(message: Message, catalogue: Catalog) -> str | None:
    entry = catalogue.get(message.text, context=message.context)
    if entry is None:
        return "absent"
    forms = _forms(entry.string)
    faults = {
        "fuzzy": entry.fuzzy,
        "untranslated": not all(forms),
        "plural forms": bool(message.plural) and len(forms) != catalogue.num_plurals,
        "placeholders": not _well_filled(message, forms),
        # Browsers read `<a\N{NO-BREAK SPACE}href=…>` as an element with that whole name.
        "non-breaking space": any(_TORN.search(form) for form in forms),
    }
    return next((fault for fault, is_so in faults.items() if is_so), None)


def _forms(string: object) -> tuple[str, ...]:
    return tuple(str(form or "") for form in (string if isinstance(string, tuple) else (string,)))


def _well_filled(message: Message, forms: tuple[str, ...]) -> bool:
    """Whether the forms use the message's placeholders; plural forms may omit the number."""
    expected = _placeholders(message.text) | _placeholders(message.plural or "")
    if message.plural:
        return all(_placeholders(form) <= expected for form in forms)
    return _placeholders(forms[0]) == expected


def _placeholders(text: str) -> set[str]:
    return {match[0] for match in _PLACEHOLDER.finditer(text)}
