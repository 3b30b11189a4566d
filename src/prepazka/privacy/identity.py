"""Ways in which a person proves their identity when they ask for their data."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from prepazka.privacy.refusals import IdentityNotStated

# Codes, so that no event holds words about a person.
IDENTITIES: Mapping[str, Promise] = {
    "document": gettext_lazy("identity card or passport, seen at the office"),
    "data_box": gettext_lazy("message from the person's own data box"),
    "signature": gettext_lazy("letter or e-mail with a recognised electronic signature"),
    "contact": gettext_lazy("answer to a message that we sent to the address or number on record"),
    "representative": gettext_lazy("representative with a power of attorney or a court decision"),
}


def must_be_stated(identity: str) -> None:
    """Raise IdentityNotStated unless it is one of IDENTITIES."""
    if identity not in IDENTITIES:
        raise IdentityNotStated
