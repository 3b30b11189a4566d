"""Czech sentences with a day's name: the name does not decline, so no preposition stands before it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from django.utils import translation
from django.utils.translation import gettext

SRC = Path(__file__).resolve().parents[2] / "src" / "prepazka"
BLOCK = re.compile(r"{% blocktrans(?:late)?\b([^%]*)%}(.*?){% (?:plural|endblocktrans)", re.DOTALL)
LONG = re.compile(r"(\w+)=[\w.]+\|long_date")
PREPOSITION = r"(?:do|k|ke|na|o|od|po|pro|před|v|ve|z|ze)"


def sentences() -> Iterator[tuple[str, str]]:
    """The name of each placeholder that holds a long date, and the Czech sentence around it."""
    for path in [*SRC.rglob("*.html"), *SRC.rglob("*.txt")]:
        for block in BLOCK.finditer(path.read_text()):
            for name in LONG.findall(block[1]):
                trimmed = " ".join(block[2].split())
                yield name, gettext(re.sub(r"{{ *(\w+) *}}", r"%(\1)s", trimmed))


def test_no_preposition_stands_before_a_day_s_name() -> None:
    with translation.override("cs"):
        czech = list(sentences())
    wrong = [
        sentence
        for name, sentence in czech
        if re.search(rf"\b{PREPOSITION}\s+%\({name}\)s", sentence, re.IGNORECASE)
    ]
    assert wrong == [], "say it with a colon or in brackets: „do: středa 2. prosince“"
    assert len(czech) > 10, "the control: sentences are read"
    assert sum(" " in sentence for _, sentence in czech) > 10
