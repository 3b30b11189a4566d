from pathlib import Path

import pytest

from prepazka.config.env import SettingError, env_bool, env_int, env_networks, env_secret, env_str

Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def unset(monkeypatch: Patch) -> None:
    monkeypatch.delenv("PROBE", raising=False)
    monkeypatch.delenv("PROBE_FILE", raising=False)


def test_text_is_stripped(monkeypatch: Patch) -> None:
    monkeypatch.setenv("PROBE", " Toužim ")
    assert env_str("PROBE") == "Toužim"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_empty_counts_as_unset(monkeypatch: Patch, value: str | None) -> None:
    if value is not None:
        monkeypatch.setenv("PROBE", value)
    assert env_str("PROBE", "default") == "default"
    with pytest.raises(SettingError, match="Set the environment variable PROBE"):
        env_str("PROBE")


@pytest.mark.parametrize(
    ("value", "meaning"),
    [("1", True), ("Yes", True), ("ON", True), ("true", True), ("0", False), ("off", False)],
)
def test_yes_and_no(monkeypatch: Patch, value: str, meaning: bool) -> None:  # noqa: FBT001
    monkeypatch.setenv("PROBE", value)
    assert env_bool("PROBE", default=not meaning) is meaning


@pytest.mark.parametrize("value", ["ano", "2", "truee"])
def test_neither_yes_nor_no(monkeypatch: Patch, value: str) -> None:
    monkeypatch.setenv("PROBE", value)
    with pytest.raises(SettingError, match=f"Set PROBE to one of .*'{value}'"):
        env_bool("PROBE", default=False)


def test_bool_default_and_its_absence() -> None:
    assert env_bool("PROBE", default=True) is True
    assert env_bool("PROBE", default=False) is False
    with pytest.raises(SettingError, match="PROBE"):
        env_bool("PROBE")


def test_whole_number(monkeypatch: Patch) -> None:
    assert env_int("PROBE", 0) == 0
    monkeypatch.setenv("PROBE", "8000")
    assert env_int("PROBE", 1, at_least=8000, at_most=8000) == 8000


@pytest.mark.parametrize(
    ("value", "sentence"),
    [("eight", "whole number"), ("1.5", "whole number"), ("0", "1 or more"), ("65536", "65535")],
)
def test_wrong_number(monkeypatch: Patch, value: str, sentence: str) -> None:
    monkeypatch.setenv("PROBE", value)
    with pytest.raises(SettingError, match=sentence):
        env_int("PROBE", at_least=1, at_most=65535)


def test_secret_from_variable_or_default(monkeypatch: Patch) -> None:
    assert env_secret("PROBE", "made up") == "made up"
    monkeypatch.setenv("PROBE", "s3cret")
    assert env_secret("PROBE") == "s3cret"


def test_secret_from_file(monkeypatch: Patch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("žluťoučký\n", encoding="utf-8")
    monkeypatch.setenv("PROBE_FILE", str(file))
    assert env_secret("PROBE", "default") == "žluťoučký"


def test_missing_secret_names_both_ways() -> None:
    with pytest.raises(SettingError, match="PROBE, or set PROBE_FILE"):
        env_secret("PROBE")


def test_secret_given_twice_is_refused_without_repeating_it(monkeypatch: Patch) -> None:
    monkeypatch.setenv("PROBE", "s3cret")
    monkeypatch.setenv("PROBE_FILE", "/nowhere")
    with pytest.raises(SettingError, match="both are set") as caught:
        env_secret("PROBE")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(None, "cannot be read: No such file"), (b"\n", "empty"), (b"\xff\xfe", "not UTF-8")],
)
def test_unusable_secret_file(
    monkeypatch: Patch, tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("PROBE_FILE", str(file))
    with pytest.raises(SettingError, match=sentence):
        env_secret("PROBE", "a default must not hide a broken file")


def test_networks(monkeypatch: Patch) -> None:
    assert env_networks("PROBE") == []
    monkeypatch.setenv("PROBE", "10.20.0.15/32, fd00::/8,")
    assert [str(one) for one in env_networks("PROBE")] == ["10.20.0.15/32", "fd00::/8"]
    monkeypatch.setenv("PROBE", "10.0.0.0/8, naše")
    with pytest.raises(SettingError, match="PROBE to networks"):
        env_networks("PROBE")
