"""Files of meetings in a storage that speaks S3: a real server of the protocol on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.storage import storages

from prepazka.meetings import storage

pytest.importorskip("storages.backends.s3", reason="the extra s3 is not installed")
server = pytest.importorskip("moto.server", reason="no S3 server here: pip install moto[s3,server]")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture
def bucket(settings: Any) -> Iterator[Any]:
    import boto3  # noqa: PLC0415  # of the extra

    running = server.ThreadedMotoServer(port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    url, keys = f"http://{host}:{port}", {"access_key": "kdo", "secret_key": "heslo"}
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
        "papers": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options | keys | more}
    }
    yield client
    running.stop()


def keys(client: Any) -> list[str]:
    found = client.list_objects_v2(Bucket="schuzky").get("Contents", [])
    return sorted(one["Key"] for one in found)


def test_files_come_back_and_go_by_folders(bucket: Any) -> None:
    assert type(storages["papers"]).__name__ == "S3Storage"
    storage.put("1/aa/d1", "file", b"prvni" * 100_000)
    storage.put("1/aa/d1", "1.webp", b"strana")
    storage.put("1/aa/minutes", "file", b"zapis")
    storage.put("1/ab/d2", "file", b"druhy")
    with storage.get("1/aa/d1", "file") as kept:
        assert kept.read() == b"prvni" * 100_000
    with pytest.raises(FileNotFoundError), storage.get("1/aa/d1", "2.webp") as missing:
        missing.read()
    storage.put("1/aa/d1", "file", b"znovu")
    with storage.get("1/aa/d1", "file") as kept:
        assert kept.read() == b"znovu"
    storage.drop("1/aa/d1")
    assert keys(bucket) == ["1/aa/minutes/file", "1/ab/d2/file"]
    storage.drop("1/aa")
    storage.drop("1/aa")
    assert keys(bucket) == ["1/ab/d2/file"], "what begins alike is another folder"
