"""Model rows that know what changed since they were read, so that no change is left unsaved."""

# ruff: noqa: SLF001  # what Django calls _meta is documented

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Self

from django.db import models


class TrackedRow(models.Model):
    """Base of rows whose saves of named fields also write whatever else was changed.

    A use-case sets a field, and a function that it shares with others saves a list of fields of its
    own; without this a field outside that list would silently stay unsaved. Changes inside a value,
    such as an item of a list, are not noticed.
    """

    class Meta:
        abstract = True

    _as_read: dict[str, Any]

    def save(self, *, update_fields: Iterable[str] | None = None, **options: Any) -> None:
        """Save as Django does; with `update_fields` also the fields changed since the reading."""
        names = None if update_fields is None else self.with_changed_fields(tuple(update_fields))
        super().save(update_fields=names, **options)
        self.note_saved()

    @classmethod
    def from_db(
        cls, db: str | None, field_names: Collection[str], values: Collection[Any], **options: Any
    ) -> Self:
        """The row with the values that it had when it was read."""
        row = super().from_db(db, field_names, values, **options)
        row._as_read = dict(zip(field_names, values, strict=True))
        return row

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Any] | None = None,
    ) -> None:
        """Read the row again, or only these fields."""
        reread = None if fields is None else set(fields)
        super().refresh_from_db(using, reread, from_queryset)
        self._as_read = self._as_read_so_far() | {
            field.attname: self.__dict__[field.attname]
            for field in self._meta.concrete_fields
            if field.attname in self.__dict__
            and (reread is None or not reread.isdisjoint({field.name, field.attname}))
        }

    def with_changed_fields(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The named fields, followed by the others that were changed since the row was read."""
        as_read, own = self._as_read_so_far(), self.__dict__
        return names + tuple(
            field.name
            for field in self._meta.concrete_fields
            if field.attname in own
            and (field.attname not in as_read or as_read[field.attname] != own[field.attname])
            and not (field.generated or field.primary_key)
            and field.name not in names
            and field.attname not in names
        )

    def note_saved(self) -> None:
        """Take the present values as those of the stored row."""
        self._as_read = {
            field.attname: self.__dict__[field.attname]
            for field in self._meta.concrete_fields
            if field.attname in self.__dict__
        }

    def _as_read_so_far(self) -> dict[str, Any]:
        values: dict[str, Any] = self.__dict__.get("_as_read", {})
        return values
