"""Files of meetings in a storage that speaks S3: a real server of the protocol on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import storages

from prepazka.booking.models import Booking
from prepazka.meetings import documents, inventory, storage, storage_identity
from prepazka.meetings.erasing import erase_papers
from prepazka.meetings.models import Document, FileStorage
from prepazka.meetings.storage_identity import StorageNotOurs
from tests import papers
from tests.clock import real_now
from tests.meetings_town import held

pytest.importorskip("storages.backends.s3", reason="the extra s3 is not installed")
server = pytest.importorskip("moto.server", reason="no S3 server here: pip install moto[s3,server]")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.real_time,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def bucket(settings: Any) -> Iterator[Any]:
    import boto3  # noqa: PLC0415  # of the extra

    running = server.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    url, access = f"http://{host}:{port}", {"access_key": "kdo", "secret_key": "heslo"}
    client = boto3.client(
        "s3",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="kdo",
        aws_secret_access_key="heslo",
    )
    where = {"LocationConstraint": "eu-central-1"}
    client.create_bucket(Bucket="schuzky", CreateBucketConfiguration=where)
    options = {"bucket_name": "schuzky", "endpoint_url": url, "region_name": "eu-central-1"}
    more = {"addressing_style": "path", "file_overwrite": True, "default_acl": None}
    settings.STORAGES = settings.STORAGES | {
        "papers": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options | access | more}
    }
    yield client
    for key in keys(client):  # buckets of this process outlive their server
        client.delete_object(Bucket="schuzky", Key=key)
    client.delete_bucket(Bucket="schuzky")
    running.stop()


def keys(client: Any) -> list[str]:
    found = client.list_objects_v2(Bucket="schuzky").get("Contents", [])
    return sorted(one["Key"] for one in found)


def test_files_come_back_and_go_by_folders(bucket: Any) -> None:
    assert type(storages["papers"]).__name__ == "S3Storage"
    storage.put_file("1/aa/d1", "file", b"prvni" * 100_000)
    storage.put_file("1/aa/d1", "1.webp", b"strana")
    storage.put_file("1/aa/minutes", "file", b"zapis")
    storage.put_file("1/ab/d2", "file", b"druhy")
    with storage.open_file("1/aa/d1", "file") as kept:
        assert kept.read() == b"prvni" * 100_000
    with pytest.raises(FileNotFoundError), storage.open_file("1/aa/d1", "2.webp") as missing:
        missing.read()
    storage.put_file("1/aa/d1", "file", b"znovu")
    with storage.open_file("1/aa/d1", "file") as kept:
        assert kept.read() == b"znovu"
    storage.drop_folder("1/aa/d1")
    assert keys(bucket) == ["1/aa/minutes/file", "1/ab/d2/file"]
    storage.drop_folder("1/aa")
    storage.drop_folder("1/aa")
    assert keys(bucket) == ["1/ab/d2/file"], "what begins alike is another folder"


def test_what_belongs_to_no_row_goes_and_another_storage_is_not_touched(bucket: Any) -> None:
    """As tests/usecases/test_lost_files.py has it for a folder."""
    now = real_now()  # the server of the bucket writes its own times
    here = held()
    made = documents.add_document(
        participant=here.citizen.pk,
        link=1,
        name="a.pdf",
        file=papers.file(papers.pdf()),
        now=now,
    )
    assert storage.MARKER in keys(bucket)
    assert storage_identity.check_identity(now=now) is None
    office, stray = here.office.office_id, f"{here.office.office_id}/{uuid4().hex}/{uuid4().hex}"
    storage.put_file(stray, storage.FILE, b"x")
    assert storage.offices_with_files() == {office}
    for day, counted in ((2, (1, 0, 0)), (9, (0, 1, 0))):
        inventory_of = inventory.inspect_files(office=office, now=now + timedelta(days=day))
        assert astuple(inventory_of) == counted
    assert keys(bucket) == sorted([storage.MARKER, f"{made.key}/{storage.FILE}"])
    storage.drop_folder(made.key)
    assert inventory.inspect_files(office=office, now=now + timedelta(days=10)).missing == 1

    Booking.objects.update(erased_at=now)
    bucket.put_object(Bucket="schuzky", Key=storage.MARKER, Body=b"another")
    with pytest.raises(StorageNotOurs, match="another database"):
        erase_papers(office=here.office.row, now=now)
    bucket.delete_object(Bucket="schuzky", Key=storage.MARKER)
    with pytest.raises(StorageNotOurs, match="bears no id"):
        erase_papers(office=here.office.row, now=now)
    assert Document.objects.exists()
    storage.put_marker(str(FileStorage.objects.get().identity))
    assert erase_papers(office=here.office.row, now=now) == 1


def test_a_bucket_that_does_not_answer_is_unreachable(bucket: Any, settings: Any) -> None:
    there = settings.STORAGES["papers"]
    away = there["OPTIONS"] | {"bucket_name": "neni"}
    settings.STORAGES = settings.STORAGES | {"papers": there | {"OPTIONS": away}}
    assert storage_identity.check_identity(now=real_now()) == "unreachable"
