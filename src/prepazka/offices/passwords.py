"""What a password of the staff must not consist of: words of the office and rows of keys."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from prepazka.accounts.models import User
from prepazka.offices.models import Membership

# What a stranger who knows nothing but the address tries first; docs/operations.md lists them.
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
# The same once more, at once: aaaa, abcabc.
REPEATED = re.compile(r"(.+?)\1+")
# Letters and digits that must be left without all that: more than a date has.
LEAST_LEFT = 9
LOOKED_AT = 128  # characters; whoever types more than that has more than a word


class EasilyGuessed:
    """Refuses a password of such words and keys with little else; Django calls it where one is chosen."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError with the sentence that the person reads."""
        left = whole = plain(password[:LOOKED_AT])
        for word in sorted(
            {*WORDS, *MONTHS_AND_SEASONS, *_of_offices(user)}, key=len, reverse=True
        ):
            left = left.replace(word, "")
        left = REPEATED.sub(r"\1", _without_rows(left))
        if len(left) < LEAST_LEFT and left != whole:
            raise ValidationError(self.get_help_text(), code="easily_guessed")

    def get_help_text(self) -> str:
        """The same beside the field."""
        return _(
            "Do not make the password of the name of your office, words such as úřad, a date or"
            " keys in a row."
        )


def _of_offices(user: User | None) -> set[str]:
    """The words of the names and addresses of the person's offices."""
    if user is None or user.pk is None:
        return set()
    rows = Membership.objects.filter(user=user).values_list("office__slug", "office__name")
    return set(_words(text for slug, name in rows for text in (slug, *name.values())))


def _words(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        for part in re.split(r"[\W_]+", text):
            if len(word := plain(part)) >= SHORTEST:
                yield word


def plain(text: str) -> str:
    """Letters and digits without marks, small."""
    marked = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in marked if letter.isalnum())


def _without_rows(text: str) -> str:
    """The text without keys that stand in a row on a keyboard or in the alphabet."""
    kept, at = "", 0
    while at < len(text):
        length = SHORTEST
        while any(text[at : at + length] in row for row in ROWS) and at + length <= len(text):
            length += 1
        if length > SHORTEST:
            at += length - 1
        else:
            kept += text[at]
            at += 1
    return kept
