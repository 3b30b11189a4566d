"""Rewriting of stored contacts into today's normalised form; used by migrations."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.db.models import Q

from prepazka.booking.contacts import clean_email, contact_hash, normalise_phone
from prepazka.core.contact import Contact
from prepazka.core.refusal import Refused

BATCH = 500  # rows that are read at a time


def clean_contacts(model: type[Any], *, batch: int = BATCH) -> int:
    """Rewrite `email`, `phone` and `contact_hash` where they differ; returns how many rows changed.

    Reads the table in pages by primary key and updates each row by its own statement, so no lock is
    held for long. A row changed meanwhile by somebody else is skipped, and a contact that cannot be
    parsed stays as it is. Erased rows have no contact and are not read. A second run changes
    nothing.
    """
    names = {field.name for field in model._meta.get_fields()}
    columns = [name for name in ("email", "phone", "contact_hash") if name in names]
    with_contact = Q(email="") if "phone" not in names else Q(email="", phone="")
    manager = model.objects
    rows = manager.exclude(with_contact).order_by("pk")
    changed, last_pk = 0, None
    while True:
        unread = rows.filter(pk__gt=last_pk) if last_pk is not None else rows
        page = list(unread.values("pk", *columns)[:batch])
        for stored in page:
            pk = stored["pk"]
            fresh = _cleaned(stored)
            if fresh != stored:
                same = manager.filter(**stored)
                changed += same.update(**{name: fresh[name] for name in columns})
            last_pk = pk
        if len(page) < batch:
            return changed


def _cleaned(stored: dict[str, Any]) -> dict[str, Any]:
    fresh = dict(stored)
    with suppress(Refused):
        fresh["email"] = stored["email"] and clean_email(stored["email"])
    if stored.get("phone"):
        with suppress(Refused):
            fresh["phone"] = normalise_phone(stored["phone"])
    if stored.get("contact_hash"):
        fresh["contact_hash"] = contact_hash(Contact.from_fields(fresh).key)
    return fresh
