"""The operator's file of stolen passwords: each hash is found, no other, and an unfit file stops the start."""

from __future__ import annotations

import hashlib
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from prepazka.accounts.stolen_passwords import NotAHashList, check_hash_list, is_stolen
from tests.config.test_settings import started

WORDS = [f"ukradené heslo {number}" for number in range(97)]


def sha1(password: str) -> str:
    return hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()


def hash_list(path: Path, passwords: list[str], *, end: str = "\r\n", count: bool = True) -> Path:
    """A file as it is offered for download: counts of different lengths, ordered by hash."""
    lines = [
        sha1(word) + (f":{7 ** (number % 9)}" if count else "")
        for number, word in enumerate(passwords)
    ]
    path.write_bytes(end.join(sorted(lines)).encode() + end.encode())
    return path


@pytest.mark.parametrize("end", ["\r\n", "\n"])
@pytest.mark.parametrize("count", [True, False])
def test_each_hash_is_found_and_no_other(tmp_path: Path, end: str, *, count: bool) -> None:
    for length in (1, 2, 3, 4, 50, len(WORDS)):
        path = hash_list(tmp_path / "list", WORDS[:length], end=end, count=count)
        check_hash_list(path)
        assert [is_stolen(word, path) for word in WORDS] == [n < length for n in range(len(WORDS))]


def test_without_a_last_end_of_line_and_in_small_letters(tmp_path: Path) -> None:
    path = hash_list(tmp_path / "list", WORDS)
    path.write_bytes(path.read_bytes().lower().rstrip())
    assert all(is_stolen(word, path) for word in WORDS)
    assert not is_stolen("jiné heslo", path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "does not begin a line"),
        (b"heslo\nheslo heslo\n", "does not begin a line"),
        (b"8846F7EAEE8FB117AD06BDD830B7586C:3\n" * 9, "does not begin a line"),  # NTLM
        ("\n".join(sorted(map(sha1, WORDS), reverse=True)).encode(), "ascending"),
        (b"x" * 10_000, "does not begin a line"),
    ],
)
def test_a_file_that_cannot_be_searched_is_refused(
    tmp_path: Path, content: bytes, why: str
) -> None:
    path = tmp_path / "list"
    path.write_bytes(content)
    with pytest.raises(NotAHashList, match=why):
        check_hash_list(path)


def test_the_program_does_not_start_with_an_unfit_file(tmp_path: Path) -> None:
    script = "from prepazka.config import settings; print(settings.AUTH_PASSWORD_VALIDATORS[-1])"
    path = tmp_path / "list"
    with pytest.raises(CalledProcessError) as stopped:
        started(script, PREPAZKA_STOLEN_PASSWORDS=str(path))
    assert "No such file" in stopped.value.stderr
    path.write_bytes(b"password\n")
    with pytest.raises(CalledProcessError) as stopped:
        started(script, PREPAZKA_STOLEN_PASSWORDS=str(path))
    assert "ordered by hash" in stopped.value.stderr
    hash_list(path, WORDS)
    assert "StolenPassword" in started(script, PREPAZKA_STOLEN_PASSWORDS=str(path)).stdout
    assert "EasilyGuessed" in started(script).stdout
