"""Validator of staff passwords: refuses words of the office, dates and rows of keys."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from prepazka.accounts.models import User
from prepazka.offices.models import Membership

# Guesses of an attacker who knows only the address; docs/operations.md lists them.
WORDS = (
    "prepazka objednavky objednani fronta kiosk panel podatelna prihlaseni"
    " urad magistrat radnice mestsky obecni mesto obec"
    " heslo password spravce admin administrator vedouci reditel urednik pracovnik recepce"
).split()
MONTHS_AND_SEASONS = (
    "leden unor brezen duben kveten cerven cervenec srpen zari rijen listopad prosinec"
    " jaro leto podzim zima"
).split()
SHORTEST = 4  # letters of a word of the office's name, or keys in a row, that count
KEYS = "12345678901234567890 qwertzuiop qwertyuiop asdfghjkl yxcvbnm zxcvbnm abcdefghijklmnopqrstuvwxyz"
ROWS = [row[::step] for row in KEYS.split() for step in (1, -1)]
# A text repeated immediately: aaaa, abcabc.
REPEATED = re.compile(r"(.+?)\1+")
# Letters and digits that must remain once all that is removed: more than a date has.
LEAST_LEFT = 9
LOOKED_AT = 128  # characters checked; a longer password is more than a word


class EasilyGuessed:
    """Refuses a password that is little but such words and keys; one of Django's validators."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError, with the sentence that the person reads, if it is easily guessed."""
        remainder = simplified = plain_letters(password[:LOOKED_AT])
        for word in sorted(
            {*WORDS, *MONTHS_AND_SEASONS, *_of_offices(user)}, key=len, reverse=True
        ):
            remainder = remainder.replace(word, "")
        remainder = REPEATED.sub(r"\1", _without_rows(remainder))
        if len(remainder) < LEAST_LEFT and remainder != simplified:
            raise ValidationError(self.get_help_text(), code="easily_guessed")

    def get_help_text(self) -> str:
        """The sentence shown beside the field, and as the error."""
        return _(
            "Do not make the password from the name of your office, words such as úřad, a "
            "date or neighbouring keys."
        )


def _of_offices(user: User | None) -> set[str]:
    """Words of the names and slugs of the person's offices."""
    if user is None or user.pk is None:
        return set()
    rows = Membership.objects.filter(user=user).values_list("office__slug", "office__name")
    return set(_words(text for slug, name in rows for text in (slug, *name.values())))


def _words(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        for fragment in re.split(r"[\W_]+", text):
            if len(word := plain_letters(fragment)) >= SHORTEST:
                yield word


def plain_letters(text: str) -> str:
    """Letters and digits of the text, in lower case and without diacritics."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in decomposed if letter.isalnum())


def _without_rows(text: str) -> str:
    """The text without keys that stand in a row on a keyboard or in the alphabet."""
    remaining, at = "", 0
    while at < len(text):
        length = SHORTEST
        while any(text[at : at + length] in row for row in ROWS) and at + length <= len(text):
            length += 1
        if length > SHORTEST:
            at += length - 1
        else:
            remaining += text[at]
            at += 1
    return remaining
