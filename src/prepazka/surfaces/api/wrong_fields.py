"""Which fields of a request are wrong, for programs by a pointer and for people in a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# By the first part of pydantic's type of an error; of the longest part that is listed.
SENTENCES = {
    "missing": gettext_noop("This field is required."),
    "string_too_long": gettext_noop("This is too long; at most %(max_length)s characters."),
    "string_too_short": gettext_noop("This is too short; at least %(min_length)s characters."),
    "string_pattern_mismatch": gettext_noop("This does not have the documented form."),
    "string_type": gettext_noop("This must be a text."),
    "int": gettext_noop("This must be a whole number."),
    "greater_than_equal": gettext_noop("This must be at least %(ge)s."),
    "less_than_equal": gettext_noop("This must be at most %(le)s."),
    "timezone_aware": gettext_noop("This instant has no offset from UTC, such as +01:00."),
    "datetime": gettext_noop(
        "This must be an instant in ISO 8601, such as 2026-11-23T09:00:00+01:00."
    ),
    "date": gettext_noop("This must be a day in ISO 8601, such as 2026-11-23."),
    "bool": gettext_noop("This must be true or false."),
    "uuid": gettext_noop("This must be a UUID."),
    "enum": gettext_noop("This is none of the documented values."),
    "literal_error": gettext_noop("This is none of the documented values."),
    "model": gettext_noop("This must be an object."),
}
MEMBER = re.compile(r"\W")
OTHER = gettext_noop("This is not valid.")


def wrong_fields(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """For each error of pydantic `{pointer, detail}` of the body, or `{parameter, detail}`.

    `pointer` is a JSON pointer in a URI fragment, as in RFC 9457; `parameter` is the name of a
    header, or of a part of the address. Details are in the active language.
    """
    fields: dict[tuple[str, str], dict[str, str]] = {}
    for error in errors:
        place, *names = map(str, error["loc"])
        # Members of a union are named after their kind: what is wrong with the first one counts.
        path = [name for name in names[1:] if not MEMBER.search(name)]
        key, where = (
            ("pointer", "#" + "".join(f"/{_escaped(step)}" for step in path))
            if place == "body"
            else ("parameter", names[-1] if names else place)
        )
        fields.setdefault((key, where), {key: where, "detail": _detail(error)})
    return list(fields.values())


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _detail(error: Mapping[str, Any]) -> str:
    limits = error.get("ctx") or {}
    if error["type"] == "value_error":
        return _(str(limits["error"]))  # of a check of ours, which raises ValueError with a message
    kinds = [kind for kind in SENTENCES if str(error["type"]).startswith(kind)]
    return _(SENTENCES[max(kinds, key=len)] if kinds else OTHER) % limits
