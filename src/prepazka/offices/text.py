"""The office's own texts, which say themselves in the active language."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models.query_utils import DeferredAttribute
from django.utils.translation import get_language


class Texts(dict[str, str]):
    """A text in several languages: `{"cs": "Registr vozidel", "en": "Vehicle register"}`.

    As a string it is the one in the active language, else the Czech one, else any.
    """

    def __str__(self) -> str:
        wanted = (get_language() or "cs").split("-")[0]
        return self.get(wanted) or self.get("cs") or next(iter(self.values()), "")


class _Attribute(DeferredAttribute):
    """Makes `Texts` of a plain dict that is given to a model."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        if isinstance(value, dict) and not isinstance(value, Texts):
            value = Texts(value)
        instance.__dict__[self.field.attname] = value


class LocalText(models.JSONField):
    """A column of `Texts`."""

    descriptor_class = _Attribute

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """Read the stored object as `Texts`."""
        found = super().from_db_value(value, expression, connection)
        return Texts(found) if isinstance(found, dict) else found
