"""Records erased on request, kept as hashes of their ids, so that a restore erases them again.

A row of `ErasedRecord` and a file in the storage of meetings hold the same: the keyed hash of a
record's id and when it was erased. The row is lost when an older database is restored; the file, or
the rows that `prepazka restore --replace` carries over, bring it back.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.conf import settings

from prepazka.meetings import storage, storage_identity
from prepazka.privacy.models import ErasedRecord
from prepazka.privacy.registry import Root

log = logging.getLogger(__name__)
# No backup should be kept for longer; by then the office's retention erases what it held anyway.
KEPT = timedelta(days=400)
FOLDER = "erased"
NAME = re.compile(r"(\d{8}T\d{6})-([0-9a-f]{64})", re.ASCII)
STAMP = "%Y%m%dT%H%M%S"


def keys_of(root: Root, pk: UUID) -> list[str]:
    """Hashes of a record's id: by the present secret, then by each earlier one."""
    secrets = [settings.SECRET_KEY, *getattr(settings, "SECRET_KEY_FALLBACKS", [])]
    return [
        hmac.new(f"erased:{secret}".encode(), f"{root}:{pk}".encode(), hashlib.sha256).hexdigest()
        for secret in secrets
    ]


def remember_erased(office: int, records: Iterable[tuple[Root, UUID]], *, now: datetime) -> None:
    """Note that these were erased, in the transaction that erases them."""
    ErasedRecord.objects.bulk_create(
        [
            ErasedRecord(office_id=office, key=keys_of(root, pk)[0], erased_at=now)
            for root, pk in records
        ],
        ignore_conflicts=True,
    )


def reconcile_remembered(office: int, *, now: datetime) -> None:
    """Make the rows and the files of one office hold the same, and delete those older than KEPT.

    Files are read whatever id the storage has, because a hash of another installation matches no
    record of ours, and a database from before the first file does not know the id. Files are
    written only to our own storage. Raises StorageNotOurs, StorageUnreachable.
    """
    ErasedRecord.objects.filter(office=office, erased_at__lt=now - KEPT).delete()
    rows = dict(ErasedRecord.objects.filter(office=office).values_list("key", "erased_at"))
    folder = f"{FOLDER}/{office}"
    files: dict[str, datetime] = {}
    expired: list[str] = []
    for name in storage.names_in(folder):
        if match := NAME.fullmatch(name):
            at = datetime.strptime(match[1], STAMP).replace(tzinfo=UTC)
            if at < now - KEPT:
                expired.append(name)
            else:
                files[match[2]] = at
    missing_rows = files.keys() - rows.keys()
    if missing_rows:
        ErasedRecord.objects.bulk_create(
            [ErasedRecord(office_id=office, key=key, erased_at=files[key]) for key in missing_rows],
            ignore_conflicts=True,
        )
        log.warning(
            "office %s: %s erasures on request came from the storage", office, len(missing_rows)
        )
    missing_files = rows.keys() - files.keys()
    if missing_files or expired:
        storage_identity.check_storage_is_ours(now=now)
    for key in missing_files:
        storage.put_file(folder, f"{rows[key].astimezone(UTC):{STAMP}}-{key}", b"erased\n")
    for name in expired:
        storage.drop_file(folder, name)


def is_remembered(keys: set[str], root: Root, pk: UUID) -> bool:
    """Whether `keys`, the hashes of erased records, contain the record's."""
    return not keys.isdisjoint(keys_of(root, pk))
