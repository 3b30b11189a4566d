"""Static files of a release are kept by browsers for good, and never mixed with those of another."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.test import Client

from prepazka.looks.static_versions import FOR_GOOD, NOT_KEPT, static_version

pytestmark = pytest.mark.django_db  # middleware may look something up
SCRIPT = "console/console.js"


def of_version(version: str, path: str = SCRIPT) -> Any:
    return Client().get(f"/static/{version}/{path}")


def test_a_page_s_files_are_kept_for_good() -> None:
    address = static(SCRIPT)
    assert address == f"/static/{static_version()}/{SCRIPT}"
    assert re.fullmatch(r"[0-9a-f]{12}", static_version())
    answer: Any = Client().get(address)
    assert answer["Cache-Control"] == FOR_GOOD
    assert b"".join(answer.streaming_content) == Path(str(finders.find(SCRIPT))).read_bytes()


def test_a_file_of_another_release_comes_and_is_not_kept() -> None:
    """While releases replace each other, a page of one may ask a process of the other."""
    answer = of_version("0" * 12)
    assert (answer.status_code, answer["Cache-Control"]) == (200, NOT_KEPT)
    answer.close()


@pytest.mark.parametrize("path", ["nothing.js", "console/", "../settings.py", "%00"])
def test_what_is_no_file_is_not_found(path: str) -> None:
    assert of_version(static_version(), path).status_code == 404


def test_without_a_version_the_address_stays_for_other_sites() -> None:
    answer = Client().get("/static/embed/terms.js")
    assert (answer.status_code, "immutable" in answer["Cache-Control"]) == (200, False)
    answer.close()


def test_any_changed_file_changes_the_version(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "more.css").write_text("a { color: var(--a) }")
    versions = {static_version.__wrapped__()}
    get_finder: Any = finders.get_finder
    settings.STATICFILES_DIRS = [tmp_path]
    get_finder.cache_clear()
    try:
        versions.add(static_version.__wrapped__())
        (tmp_path / "more.css").write_text("a { color: var(--b) }")
        versions.add(static_version.__wrapped__())
        (tmp_path / "more.css").rename(tmp_path / "other.css")
        versions.add(static_version.__wrapped__())
    finally:
        get_finder.cache_clear()
    assert len(versions) == 4
