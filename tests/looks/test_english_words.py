"""One English word for one thing, in every text that people read."""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.pofile import read_po

SRC = Path(__file__).resolve().parents[2] / "src" / "prepazka"
# What the office means, and the word that stands for it on pages, in messages and on paper.
AVOIDED = {
    r"\breception\b": "the desk",
    r"\bterms?\b": "time (one that is free), appointment (one that is booked), slot",
    r"\breceive you\b": "see you",
}


def texts() -> list[str]:
    """The English texts of all catalogues, plurals as well."""
    english: list[str] = []
    for path in SRC.rglob("locale/cs/LC_MESSAGES/django.po"):
        with path.open("rb") as file:
            for message in read_po(file, locale="cs"):
                forms = message.id if isinstance(message.id, list | tuple) else (message.id,)
                english += [re.sub(r"%\(\w+\)s|\{\w+\}", "", str(form)) for form in forms]
    return english


def test_people_read_the_trade_s_words() -> None:
    english = texts()
    assert len(english) > 1000, "the control: catalogues are read"
    wrong = {
        text: word
        for text in english
        for pattern, word in AVOIDED.items()
        if re.search(pattern, text, re.IGNORECASE)
    }
    assert wrong == {}
