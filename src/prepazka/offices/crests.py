"""Setting the office's crest, and reading its picture."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from prepazka.core import events
from prepazka.core.crest_images import MOST_BYTES, WrongCrest, clean_crest, crest_digest
from prepazka.core.refusal import Refused
from prepazka.journal.record import record
from prepazka.offices.models import Crest, Office


class CrestUnreadable(Refused):
    """The file is no PNG picture; convert it."""

    message = gettext_noop("This is not a PNG picture. Save the crest as PNG and choose it again.")


class CrestTooHeavy(Refused):
    """The file exceeds 32 KB; save it smaller."""

    message = gettext_noop(
        "The picture is too large. It must be 32 KB or smaller. Make it smaller, for "
        "example 200 pixels high, or use fewer colours."
    )


class CrestMisshapen(Refused):
    """A side or the ratio of sides is out of bounds; crop or resize the picture."""

    message = gettext_noop(
        "The crest must be 48 to 600 pixels on each side, and at most four times as wide "
        "as it is high, or the other way round."
    )


class CrestNotChosen(Refused):
    """The form came without a file; choose one."""

    message = gettext_noop("Choose a picture for the crest first.")


REFUSALS = {
    "unreadable": CrestUnreadable,
    "heavy": CrestTooHeavy,
    "misshapen": CrestMisshapen,
}


def set_crest(*, office: Office, content: bytes | None, now: datetime, actor: int | None) -> Office:
    """Set the office's crest to a PNG picture, or remove it with None.

    Raises CrestUnreadable, CrestTooHeavy, CrestMisshapen.
    """
    if content is not None:
        if len(content) > MOST_BYTES:
            raise CrestTooHeavy
        try:
            content = clean_crest(content)
        except WrongCrest as error:
            raise REFUSALS[error.reason] from error
    with transaction.atomic():
        locked = Office.objects.select_for_update(no_key=True).get(pk=office.pk)
        if put_crest(locked, content or b""):
            locked.version += 1
            locked.save(update_fields=["crest", "version"])
            record(events.CrestSet(office=locked.pk, at=now, actor=actor, digest=locked.crest))
    return locked


def put_crest(office: Office, content: bytes) -> bool:
    """Write a cleaned picture of a locked office, or remove it; the caller saves `office` itself.

    Returns whether anything changed.
    """
    digest = crest_digest(content) if content else ""
    if office.crest == digest:
        return False
    office.crest = digest
    if content:
        Crest.objects.update_or_create(office=office, defaults={"content": content})
    else:
        Crest.objects.filter(office=office).delete()
    return True


def crest_of(office: Office) -> bytes:
    """Bytes of the office's crest, a PNG picture; empty where the office has none."""
    if not office.crest:
        return b""
    row = Crest.objects.filter(office=office.pk).first()
    return bytes(row.content) if row else b""
