"""A copy of all personal data of a person, for them to read (GDPR, article 15)."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import models, transaction
from django.template.loader import render_to_string

from prepazka.core import events
from prepazka.core.locales import NBSP, language_name, short_date
from prepazka.journal.record import record
from prepazka.meetings import storage
from prepazka.meetings.models import Document, Minutes
from prepazka.messaging.kinds import label_of
from prepazka.messaging.models import Message
from prepazka.offices.languages import active_language
from prepazka.offices.office_snapshot import OfficeSnapshot
from prepazka.privacy.erasure import counts_of
from prepazka.privacy.records import Records, lock_records, require_identity
from prepazka.privacy.registry import HELD, WORDS_OF_FIELDS, WORDS_OF_VALUES, Held, rows_of

FOLDER_OF_DOCUMENTS = "dokumenty"
WITH_FILES = (Document, Minutes)
MINUTES_NAME = "zapis.pdf"
EMPTY: tuple[Any, ...] = (None, "", {}, [])


@dataclass(frozen=True)
class Section:
    """The rows of one model, each as pairs of a field's name and its value."""

    held: Held
    rows: list[list[tuple[str, Any]]]


@dataclass(frozen=True)
class Copy:
    """The ZIP file, and the names of documents that the storage could not return."""

    content: bytes
    missing: list[str]


@transaction.atomic
def export_person(
    *,
    office: OfficeSnapshot,
    words: str,
    seen_token: str,
    chosen: Iterable[str],
    identity: str,
    now: datetime,
    actor: int,
) -> Copy:
    """A ZIP with a page to read, the same as JSON, and the documents that the person brought.

    It is not stored, and is in the active language.
    Raises IdentityNotStated, PersonNotNamed, RecordsChanged, NoRecordChosen.
    """
    require_identity(identity)
    records = lock_records(office, words, seen_token=seen_token).chosen(chosen)
    sections = sections_of(records)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        missing = _add_documents(archive, sections)
        context = {
            "office": office.row,
            "sections": _for_page(sections, office),
            "now": now,
        }
        page = render_to_string("privacy/export.html", context | {"missing": missing})
        archive.writestr("index.html", page)
        archive.writestr("style.css", render_to_string("privacy/export.css"))
        archive.writestr("data.json", _as_json(sections))
    record(
        events.PersonExported(
            office=office.office_id,
            at=now,
            actor=actor,
            identity=identity,
            **counts_of(records),
        )
    )
    return Copy(packed.getvalue(), missing)


def sections_of(records: Records) -> list[Section]:
    """All rows about the person, by the registry; models without a row are left out."""
    keys = records.keys
    sections = []
    for held in HELD:
        rows = [
            [(field, _value(row, field)) for field in (*held.personal, *held.facts)]
            for row in rows_of(held, keys)
        ]
        if rows:
            sections.append(Section(held, rows))
    return sections


def _value(row: models.Model, field: str) -> Any:
    field_value = getattr(row, field)
    return str(field_value.name) if field == "service" else field_value


def _as_json(sections: list[Section]) -> str:
    content = {
        section.held.model._meta.object_name: [dict(row) for row in section.rows]
        for section in sections
    }
    return json.dumps(content, ensure_ascii=False, indent=1, default=str)


def _for_page(sections: list[Section], office: OfficeSnapshot) -> list[dict[str, Any]]:
    """The sections for the page: without empty values, times in the office's zone."""
    return [
        {
            "title": section.held.title,
            "rows": [
                [
                    (
                        WORDS_OF_FIELDS[field],
                        _value_in_words(section.held, field, value, office),
                    )
                    for field, value in row
                    if value not in EMPTY
                ]
                for row in section.rows
            ],
        }
        for section in sections
    ]


def _value_in_words(
    held: Held,
    field: str,
    field_value: Any,
    office: OfficeSnapshot,
) -> str:
    if isinstance(field_value, datetime):
        local = field_value.astimezone(office.tz)
        return f"{_day(local.date())} {local:%-H:%M}"
    if isinstance(field_value, date):
        return _day(field_value)
    if isinstance(field_value, dict | list):
        return json.dumps(field_value, ensure_ascii=False)
    if field == "language" or (held.model is Message and field == "kind"):
        return _named(field, field_value)
    if field in held.facts and isinstance(field_value, str):
        return str(WORDS_OF_VALUES.get(field_value, field_value))
    return str(field_value)


def _named(field: str, code: str) -> str:
    """The name of a language or of a kind of messages."""
    return language_name(code, active_language()) if field == "language" else label_of(code)


def _day(day: date) -> str:
    return short_date(day, active_language()).replace(NBSP, " ")


def _add_documents(archive: zipfile.ZipFile, sections: list[Section]) -> list[str]:
    """Add the person's documents and printed minutes. Returns the names of unreadable ones."""
    missing = []
    files = [
        (row["key"], row.get("name") or MINUTES_NAME)
        for section in sections
        if section.held.model in WITH_FILES
        for row in map(dict, section.rows)
        if row["key"]
    ]
    for number, (key, name) in enumerate(files, 1):
        try:
            with storage.open_file(key, storage.FILE) as stored:
                content = stored.read()
        except Exception:  # noqa: BLE001  # each kind of storage has errors of its own; the page says so
            missing.append(name)
            continue
        archive.writestr(f"{FOLDER_OF_DOCUMENTS}/{number}-{_safe(name)}", content)
    return missing


def _safe(name: str) -> str:
    """The name with characters that a path may not have replaced."""
    return "".join(c if c.isalnum() or c in " ._-()" else "_" for c in name).strip(" .") or "_"
