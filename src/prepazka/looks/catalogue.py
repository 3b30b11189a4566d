"""Finds texts without a correct translation, and translations of texts that nothing uses."""

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import allauth
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
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
    """A message whose translation is missing or wrong."""

    text: str
    where: str
    why: str


def untranslated_messages(package: Path, language: str = "cs") -> list[Missing]:
    """Messages used in the package that neither its own nor the shared catalogue translates."""
    return [
        Missing(m.text, m.where, why) for m, why in untranslated_with_reasons(package, language)
    ]


def untranslated_with_reasons(package: Path, language: str) -> Iterator[tuple[Message, str]]:
    """The untranslated messages of the package, and what is wrong with each."""
    catalogues = [read_catalogue(folder, language) for folder in (package, SHARED)]
    for message in messages_of_package(package):
        faults = [fault for catalogue in catalogues if (fault := _fault(message, catalogue))]
        if len(faults) == len(catalogues):
            yield message, min(faults, key="absent".__eq__)


def unused_entries(packages: Iterable[Path], language: str) -> dict[Path, list[str]]:
    """The entries of each package's catalogue that no code and no template uses."""
    packages = list(packages)
    used = {(m.context, m.text) for package in packages for m in messages_of_package(package)}
    # Texts of allauth, of which the program translates some in words of its own.
    used |= {(None, _forms(m.id)[0]) for m in read_catalogue(Path(allauth.__file__).parent, "cs")}
    unused = {}
    for package in packages:
        keys = [(m.context, _forms(m.id)[0]) for m in read_catalogue(package, language) if m.id]
        if texts := [text for context, text in keys if (context, text) not in used]:
            unused[package] = texts
    return unused


def add_missing_entries(package: Path, language: str) -> int:
    """Append the package's untranslated messages to its catalogue, to be filled in; how many."""
    catalogue = Catalog(locale=language)
    here = read_catalogue(package, language)
    for message, why in untranslated_with_reasons(package, language):
        if why == "absent" and here.get(message.text, context=message.context) is None:
            text = (message.text, message.plural) if message.plural else message.text
            catalogue.add(text, context=message.context, locations=[(message.where, 0)])
    if not len(catalogue):
        return 0
    path = path_of_catalogue(package, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    present = path.read_text("utf-8") if path.exists() else _header(catalogue)
    entries = io.BytesIO()
    write_po(entries, catalogue, omit_header=True, width=0, include_lineno=False)
    path.write_text(f"{present.rstrip()}\n\n{entries.getvalue().decode().strip()}\n", "utf-8")
    return len(catalogue)


def _header(catalogue: Catalog) -> str:
    plural = f"nplurals={catalogue.num_plurals}; plural={catalogue.plural_expr};"
    lines = ["Content-Type: text/plain; charset=UTF-8", f"Language: {catalogue.locale}"]
    fields = [*lines, f"Plural-Forms: {plural}"]
    return 'msgid ""\nmsgstr ""\n' + "".join(f'"{field}\\n"\n' for field in fields)


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


def path_of_catalogue(package: Path, language: str) -> Path:
    """Where the package's translations into the language are."""
    return package / "locale" / language / "LC_MESSAGES/django.po"


def read_catalogue(package: Path, language: str) -> Catalog:
    """The package's translations into the language; empty if there are none."""
    path = path_of_catalogue(package, language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


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
