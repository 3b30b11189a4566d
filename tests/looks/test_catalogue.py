import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from babel.support import Translations
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, trans_real

import prepazka
from prepazka.looks.catalogue import (
    add_missing_entries,
    messages_of_package,
    untranslated_messages,
    unused_entries,
)
from prepazka.looks.compile_messages import compile_messages

ROOT = Path(prepazka.__file__).parent


def packages() -> list[Path]:
    first = [path.parent for path in ROOT.glob("*/__init__.py")]
    nested = [path.parent for path in ROOT.glob("*/**/locale") if path.parent not in first]
    return sorted(first + nested)


@pytest.mark.parametrize("package", packages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_word_on_the_screens_is_translated(package: Path) -> None:
    assert untranslated_messages(package) == []


def test_no_catalogue_of_a_complete_language_has_an_entry_that_nothing_uses() -> None:
    for language in settings.COMPLETE_LANGUAGES:
        assert unused_entries(packages(), language) == {}


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_no_translation_there_is_breaks_a_placeholder_or_a_plural(language: str) -> None:
    """What is missing is shown in English; what is broken would be shown broken."""
    broken = {
        (fault.text, fault.why)
        for package in packages()
        for fault in untranslated_messages(package, language)
        if fault.why not in {"absent", "untranslated"}
    }
    assert language == "en" or broken == set()


def test_what_is_missing_is_added_to_be_filled_in_and_what_is_unused_is_named(
    package: Path,
) -> None:
    assert add_missing_entries(package, "sk") == 7
    source = package / "locale/sk/LC_MESSAGES/django.po"
    text = source.read_text("utf-8")
    assert "nplurals=3" in text
    assert add_missing_entries(package, "sk") == 0
    assert {fault.why for fault in untranslated_messages(package, "sk")} == {"untranslated"}
    source.write_text(
        text.replace('msgid "Free"\nmsgstr ""', 'msgid "Free"\nmsgstr "Voľné"')
        + '\nmsgid "Gone"\nmsgstr "Preč"\n',
        "utf-8",
    )
    assert "Free" not in {fault.text for fault in untranslated_messages(package, "sk")}
    assert unused_entries([package], "sk") == {package: ["Gone"]}
    assert unused_entries([package], "de") == {}


def test_a_text_without_a_translation_is_in_english_in_every_language() -> None:
    with translation.override("de"):
        assert gettext("Skip to main content") != "Přejít k hlavnímu obsahu"
        assert gettext("no such text %(n)s") == "no such text %(n)s"
    # The control: by itself Django falls back to Czech, the installation's main language.
    german = trans_real.DjangoTranslation("de")
    assert german.gettext("Call next") == "Call next"
    german.add_fallback(trans_real.translation("cs"))
    assert german.gettext("Call next") == "Vyvolat dalšího"


HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=3; plural=(n==1 ? 0 : n>=2 && n<=4 ? 1 : 2);\\n"\n'


@pytest.fixture
def package(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "locale/cs/LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "templates/page.html").write_text(
        '{% load i18n %}{% translate "Free" %}{% translate "May" context "month" %} don\'t (\n'
        "{% blocktranslate count n=n %}{{ n }} term{% plural %}{{ n }} terms{% endblocktranslate %}"
        "{% if x == _('Inside') %}{% endif %}",
        "utf-8",
    )
    (tmp_path / "views.py").write_text(
        'gettext_lazy("Lazy")\nngettext("%(n)s day", "%(n)s days", n)\n'
        'class TooLate(Refused):\n    message = gettext_noop("It is too late.")\n',
        "utf-8",
    )
    return tmp_path


def write(package: Path, body: str) -> Path:
    path = package / "locale/cs/LC_MESSAGES/django.po"
    path.write_text(HEADER + body, "utf-8")
    return path


def test_messages_are_found_in_templates_and_code(package: Path) -> None:
    assert {
        (message.context, message.text, message.plural) for message in messages_of_package(package)
    } == {
        (None, "Free", None),
        ("month", "May", None),
        (None, "%(n)s term", "%(n)s terms"),
        (None, "Inside", None),
        (None, "Lazy", None),
        (None, "It is too late.", None),
        (None, "%(n)s day", "%(n)s days"),
    }


def test_what_is_absent_empty_fuzzy_or_wrongly_filled_is_named(package: Path) -> None:
    write(
        package,
        '\nmsgid "Free"\nmsgstr ""\n'
        '\n#, fuzzy\nmsgid "Lazy"\nmsgstr "Líný"\n'
        '\nmsgid "Inside"\nmsgstr "Uvnitř %(who)s"\n'
        '\nmsgid "%(n)s term"\nmsgid_plural "%(n)s terms"\nmsgstr[0] "%(n)s termín"\nmsgstr[1] "%(n)s termíny"\nmsgstr[2] ""\n',
    )
    assert {found.text: found.why for found in untranslated_messages(package)} == {
        "Free": "untranslated",
        "Lazy": "fuzzy",
        "Inside": "placeholders",
        "%(n)s term": "untranslated",
        "May": "absent",
        "It is too late.": "absent",
        "%(n)s day": "absent",
    }


@pytest.mark.parametrize(
    "czech",
    ["<a\xa0href='/'>V\xa0tagu</a>", "%(\xa0who)s", "{who\xa0}", "%\xa0(who)s", "<br\xa0/>"],
)
def test_a_non_breaking_space_inside_a_tag_or_a_placeholder_is_a_fault(
    package: Path, czech: str
) -> None:
    write(package, f'\nmsgid "Lazy"\nmsgstr "{czech}"\n')
    why = {found.why for found in untranslated_messages(package) if found.text == "Lazy"}
    assert why
    assert why <= {"non-breaking space", "placeholders"}
    write(package, '\nmsgid "Lazy"\nmsgstr "V\xa0klidu <a href=\'/\'>s\xa0odkazem</a>"\n')
    assert "Lazy" not in {found.text for found in untranslated_messages(package)}


def test_compiling_is_done_once_and_again_after_a_change(package: Path) -> None:
    source = write(package, '\nmsgid "Free"\nmsgstr "Volno"\n')
    assert compile_messages(package) == [source.with_suffix(".mo")]
    assert compile_messages(package) == []
    with source.with_suffix(".mo").open("rb") as file:
        assert Translations(file).gettext("Free") == "Volno"
    write(package, '\nmsgid "Free"\nmsgstr "Volný"\n')
    assert len(compile_messages(package)) == 1


def test_one_english_sentence_has_one_czech_one() -> None:
    # All packages share one catalogue at run time, so the last one read would win by chance.
    said: dict[object, dict[str, object]] = {}
    for source in ROOT.rglob("locale/cs/LC_MESSAGES/django.po"):
        with source.open("rb") as file:
            for message in read_po(file, locale="cs"):
                if message.id:
                    where = str(source.relative_to(ROOT))
                    said.setdefault((message.context, str(message.id)), {})[where] = message.string
    assert {k: v for k, v in said.items() if len({str(s) for s in v.values()}) > 1} == {}


@pytest.mark.parametrize("source", sorted(ROOT.rglob("locale/cs/LC_MESSAGES/django.po")))
def test_no_catalogue_holds_an_entry_twice(source: Path) -> None:
    """The reader keeps the last one and says nothing: a correction of the first has no effect."""
    entries = re.findall(
        r'(msgctxt .*\n)?^msgid ((?:".*"\n)+)', source.read_text("utf-8"), re.MULTILINE
    )
    assert [entry for entry, times in Counter(entries).items() if times > 1] == []


ONE_ENTRY = re.compile(
    r"(?:\A|\n)(msgid(?:_plural)?|msgctxt|msgstr(?:\[\d\])?) .*(?:\n\".*)*\n(\1) "
)


@pytest.mark.parametrize("package", packages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_entry_says_anything_twice(package: Path) -> None:
    """A careless merge leaves a second msgstr, which Babel joins to the first without a word."""
    for path in package.glob("locale/*/LC_MESSAGES/django.po"):
        said_twice = [match[0] for match in ONE_ENTRY.finditer("\n" + path.read_text("utf-8"))]
        assert said_twice == []
        ids = re.findall(r"\n((?:msgctxt .*\n)?msgid .*(?:\n\".*)*)", path.read_text("utf-8"))
        assert [entry for entry, times in Counter(ids).items() if times > 1] == []
