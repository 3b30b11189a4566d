"""Encryption at rest of second factors: TOTP secrets, and the seeds of recovery codes.

Releases before 0.3 read them in clear only. Where accounts existed before the migration, it
therefore leaves a `SealingDelay`; until that is over, nothing is sealed, so that the previous
release can keep running, or be brought back. Secrets in clear are always readable.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_noop

from prepazka.accounts.models import SealingDelay
from prepazka.core import text_encryption
from prepazka.core.refusal import Refused

log = logging.getLogger(__name__)
PURPOSE = "second factor"
# Where allauth keeps secrets in the data of an authenticator.
TEXTS, LISTS = ("secret", "seed"), ("migrated_codes",)


class SecretUnreadable(Refused):
    """No key of the installation opens the sealed second factor; reset it or restore the key."""

    message = gettext_noop(
        "Your second factor cannot be read because the key of this installation has "
        "changed. Please ask your administrator to reset the second factor, or the "
        "operator to restore the key."
    )


class SecretsUnreadable(Exception):
    """Some second factors are sealed by a key that the installation no longer has."""


NO_KEY = "Second factors cannot be read with PREPAZKA_SECRET_KEY or PREPAZKA_SECRET_KEY_FALLBACKS."


def seal_secret(secret: str) -> str:
    """The secret as it is to be stored: sealed, or in clear while sealing is delayed."""
    if is_sealing_delayed():
        return secret
    return text_encryption.seal_text(secret, keys=_keys(), purpose=PURPOSE)


def open_secret(stored: str) -> str:
    """The secret in clear, of a stored one that is sealed or not. Raises SecretUnreadable."""
    if not text_encryption.is_sealed(stored):
        return stored
    try:
        return text_encryption.unseal_text(stored, keys=_keys(), purpose=PURPOSE)
    except text_encryption.SealBroken as error:
        log.error("A second factor was not opened. %s", NO_KEY)  # noqa: TRY400  # the trace says no more
        raise SecretUnreadable from error


def is_sealing_delayed() -> bool:
    """Whether the previous release may still run, which reads secrets in clear only."""
    return SealingDelay.objects.filter(until__gt=Now()).exists()


def seal_all_secrets() -> int:
    """Seal secrets in clear, and reseal those of an earlier key. Returns how many rows changed.

    Changes nothing while sealing is delayed. Each row is a transaction of its own. Raises
    SecretsUnreadable after the others are done, if some cannot be read.
    """
    if is_sealing_delayed():
        return 0
    changed, unreadable = 0, []
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        try:
            changed += _seal_one(pk)
        except text_encryption.SealBroken:
            unreadable.append(pk)
    if unreadable:
        raise SecretsUnreadable(f"{NO_KEY} Authenticators: {', '.join(map(str, unreadable))}.")
    return changed


def end_sealing_delay() -> int:
    """End the delay and seal all; the previous release cannot read second factors any more."""
    SealingDelay.objects.all().delete()
    return seal_all_secrets()


@transaction.atomic
def _seal_one(pk: int) -> bool:
    row = Authenticator.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if row is None:
        return False
    sealed = _each_secret(row.data, _sealed_by_first_key)
    if sealed == row.data:
        return False
    row.data = sealed
    row.save(update_fields=["data"])
    return True


def _each_secret(fields: dict[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    """The data of an authenticator with each of its secrets changed."""
    texts = {name: change(fields[name]) for name in TEXTS if name in fields}
    lists = {name: [change(text) for text in fields[name]] for name in LISTS if fields.get(name)}
    return fields | texts | lists


def _sealed_by_first_key(stored: str) -> str:
    keys = _keys()
    if text_encryption.is_up_to_date(stored, keys=keys, purpose=PURPOSE):
        return stored
    secret = stored
    if text_encryption.is_sealed(stored):
        secret = text_encryption.unseal_text(stored, keys=keys, purpose=PURPOSE)
    return text_encryption.seal_text(secret, keys=keys, purpose=PURPOSE)


def _keys() -> list[str]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
