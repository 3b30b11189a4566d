"""Encryption of stored texts with the installation's key; earlier keys still decrypt.

Keys are derived per purpose, so that a text sealed for one cannot be used for another.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

MARK = "sealed1:"  # a stored text without this prefix is not encrypted


class SealBroken(Exception):
    """None of the keys opens the text, or the text was changed."""


def seal_text(text: str, *, keys: Sequence[str], purpose: str) -> str:
    """The text encrypted with the first of the keys."""
    return MARK + _fernet(keys[0], purpose).encrypt(text.encode()).decode()


def is_sealed(text: str) -> bool:
    """Whether `seal_text` has written it."""
    return text.startswith(MARK)


def unseal_text(text: str, *, keys: Sequence[str], purpose: str) -> str:
    """The text, decrypted with the first key that fits. Raises SealBroken."""
    for key in keys:
        try:
            return _fernet(key, purpose).decrypt(text.removeprefix(MARK).encode()).decode()
        except InvalidToken:
            continue
    raise SealBroken(purpose)


def is_up_to_date(text: str, *, keys: Sequence[str], purpose: str) -> bool:
    """Whether the text is sealed by the first of the keys."""
    try:
        unseal_text(text, keys=keys[:1], purpose=purpose)
    except SealBroken:
        return False
    return is_sealed(text)


def _fernet(key: str, purpose: str) -> Fernet:
    # The key is long and random, so it needs no salt and no slow hash.
    derived = HKDF(SHA256(), length=32, salt=None, info=purpose.encode()).derive(key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
