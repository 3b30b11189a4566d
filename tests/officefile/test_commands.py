"""The commands say what they did, and answer 1 when they did not do it."""

from pathlib import Path

import pytest

from prepazka.accounts.models import User
from prepazka.config.cli import main
from prepazka.offices.models import Membership, Office
from prepazka.offices.office_snapshot import snapshot_by_slug
from tests import town
from tests.officefile.test_wrong_files import RIGHT

pytestmark = pytest.mark.django_db
REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "office-file.md"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "lhota.yaml"
    path.write_text(RIGHT, encoding="utf-8")
    return path


@pytest.mark.real_time
def test_a_right_file_is_checked_and_loaded(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["office", "check", str(file)]) == 0
    assert "agendas 1, services 2, counters 1, devices 1" in capsys.readouterr().out
    assert not Office.objects.exists()
    assert main(["office", "load", str(file)]) == 0
    assert "Office lhota is loaded, version 1." in capsys.readouterr().out
    assert main(["office", "export", "lhota"]) == 0
    exported = capsys.readouterr().out
    file.write_text(exported, encoding="utf-8")
    assert main(["office", "load", str(file)]) == 0
    assert capsys.readouterr().out == "Office lhota is loaded, version 2.\n"


@pytest.mark.parametrize("preset", ["cesky-krumlov", "sumperk", "touzim", "praha-6", "liberec"])
@pytest.mark.real_time
def test_presets_go_by_name(preset: str) -> None:
    assert main(["office", "check", preset]) == 0
    assert main(["office", "load", preset]) == 0
    assert Office.objects.get().slug == preset.removeprefix("cesky-").replace("-", "")


@pytest.mark.parametrize("verb", ["check", "load"])
def test_a_wrong_file_answers_one_and_says_each_line(
    verb: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text(RIGHT.replace("60 min", "60").replace("quota: 1", "quota: 0"), encoding="utf-8")
    assert main(["office", verb, str(file)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["line 17", "line 18"]
    assert not Office.objects.exists()


def test_what_is_no_file_or_no_text_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["office", "check", "sumperg"]) == 1
    assert "a preset: cesky-krumlov, liberec, praha-6, sumperk, touzim" in capsys.readouterr().err
    assert main(["office", "check", str(tmp_path)]) == 1
    path = tmp_path / "cp1250.yaml"
    path.write_bytes("office:\n  name: Přepážka\n".encode("cp1250"))
    assert main(["office", "check", str(path)]) == 1
    assert "line 2: the byte 0xf8; expected text in UTF-8" in capsys.readouterr().err
    assert main(["office", "export", "nikde"]) == 1


@pytest.mark.real_time
def test_conflicts_are_listed_and_kept_only_when_accepted(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["office", "load", str(file)])
    booking = town.confirmed(snapshot_by_slug("lhota"), "9:00")
    monkeypatch.setattr("prepazka.offices.clock.now", lambda: town.FRIDAY_BEFORE)
    file.write_text(RIGHT.replace('mon: "8:00', 'mon: "10:00'), encoding="utf-8")
    capsys.readouterr()
    assert main(["office", "load", str(file)]) == 1
    said = capsys.readouterr().err
    assert "Nothing was changed." in said
    assert f"booking {booking.pk} (prepis, 2026-11-23 09:00): it is outside" in said
    assert main(["office", "load", str(file), "--accept-conflicts"]) == 0
    assert str(booking.pk) in capsys.readouterr().out


def staff(role: str = "clerk", username: str = "novakova") -> int:
    return main(["staff", "lhota", username, "--name", "Jana Nováková", "--role", role])


@pytest.mark.real_time
def test_staff_can_log_in_and_has_the_role(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    main(["office", "load", str(file)])
    monkeypatch.setenv("PREPAZKA_PASSWORD", "modrá lavička u potoka")
    assert staff() == 0
    member = Membership.objects.get()
    assert (member.role, member.name, member.office.slug) == ("clerk", "Jana Nováková", "lhota")
    assert member.user.check_password("modrá lavička u potoka")
    assert not member.user.is_superuser
    assert staff() == 1  # works there already
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("password", "role", "username"),
    [
        ("short", "clerk", "novakova"),
        ("passwordpassword", "boss", "novakova"),
        ("modrá lavička u potoka", "clerk", "nová ková"),
        ("", "clerk", "novakova"),
    ],
)
@pytest.mark.real_time
def test_wrong_staff_changes_nothing(
    password: str,
    role: str,
    username: str,
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["office", "load", str(file)])
    monkeypatch.setenv("PREPAZKA_PASSWORD", password)
    assert staff(role, username) == 1
    assert capsys.readouterr().err.strip()
    assert not User.objects.exists()
    assert not Membership.objects.exists()


@pytest.mark.real_time
def test_the_known_devices_are_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["office", "load", str(file)])
    assert main(["pair", "lhota", "kiosk"]) == 0
    assert main(["pair", "lhota", "kosik"]) == 1
    assert "it has: kiosk" in capsys.readouterr().err


@pytest.mark.real_time
def test_the_example_of_the_reference_loads(file: Path) -> None:
    example = REFERENCE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    file.write_text(example, encoding="utf-8")
    assert main(["office", "load", str(file)]) == 0
    assert Office.objects.get().slug == "lhota"
