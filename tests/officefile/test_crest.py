"""The crest of an office's file: beside it or in it, there and back."""

from base64 import b64encode
from pathlib import Path

import pytest
import yaml

from prepazka.config.cli import main
from prepazka.core.crest_images import clean_crest
from prepazka.officefile.check import check
from prepazka.officefile.nodes import WrongFile
from prepazka.officefile.office_export import export, plan_of
from prepazka.officefile.office_loading import load
from prepazka.officefile.write import write
from prepazka.offices.crests import crest_of
from prepazka.offices.models import Crest, Office
from prepazka.offices.office_snapshot import snapshot_by_slug
from tests import town
from tests.crests import jpeg, png
from tests.officefile.test_wrong_files import RIGHT

NAMED = f"{RIGHT}\ncrest: znak.png\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "znak.png").write_bytes(png(note="Jana Nova"))
    (tmp_path / "lhota.yaml").write_text(NAMED, encoding="utf-8")
    return tmp_path


def test_a_written_crest_is_read_back(folder: Path) -> None:
    found = check(NAMED, folder)
    assert found.crest == clean_crest(png())
    written = write(found)
    assert check(written) == found
    assert list(yaml.safe_load(written))[-1] == "crest"
    assert max(map(len, written.splitlines())) <= 100
    assert "crest" not in write(check(RIGHT))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("erb.png", 'There is no file or folder "erb.png"'),
        ("../znak.png", "in the same folder"),
        ("/etc/passwd", "in the same folder"),
        ('"a\\0b"', "in the same folder"),
        (".", "in the same folder"),
        ("..", "is a folder"),
        ("photo.png", "a whole PNG picture"),
        ("large.png", "at most 32 KB"),
        ("tiny.png", "48 to 600 pixels"),
        ('"data:image/png;base64,###"', "in base64"),
        (f'"data:image/png;base64,{b64encode(jpeg()).decode()}"', "a whole PNG picture"),
        ("[a, b]", "the name of a PNG picture"),
    ],
)
def test_what_is_no_crest_is_said_by_its_line(folder: Path, value: str, expected: str) -> None:
    (folder / "photo.png").write_bytes(jpeg())
    (folder / "large.png").write_bytes(png() + b"x" * 40_000)
    (folder / "tiny.png").write_bytes(png(20, 20))
    with pytest.raises(WrongFile) as wrong:
        check(f"{RIGHT}\ncrest: {value}\n", folder)
    (problem,) = wrong.value.problems
    assert problem.where == "crest"
    assert expected in str(problem)
    assert ".." not in str(problem).removesuffix(".").replace('".."', "").replace("../", "")


def test_without_a_folder_the_file_must_hold_it() -> None:
    with pytest.raises(WrongFile, match="here is no folder"):
        check(NAMED)


@pytest.mark.django_db
def test_loading_and_exporting_keep_it(folder: Path) -> None:
    load(NAMED, now=town.FRIDAY_BEFORE, folder=folder)
    office = Office.objects.get()
    assert crest_of(office) == clean_crest(png())
    assert plan_of(snapshot_by_slug("lhota")) == check(NAMED, folder)
    again = load(export(office), now=town.FRIDAY_BEFORE)
    assert not again.changed
    assert "office lhota" in load(RIGHT, now=town.FRIDAY_BEFORE).changed
    assert not Crest.objects.exists()
    assert Office.objects.get().crest == ""


@pytest.mark.django_db
@pytest.mark.real_time
def test_the_commands_look_beside_the_file(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(folder / "lhota.yaml")
    assert main(["office", "check", file]) == 0
    assert main(["office", "load", file]) == 0
    capsys.readouterr()
    monkeypatch.chdir(folder.parent)
    assert main(["office", "export", "lhota"]) == 0
    assert "data:image/png;base64," in capsys.readouterr().out
