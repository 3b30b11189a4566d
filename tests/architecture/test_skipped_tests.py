"""With CI=true a run fails where a test is left out for a reason that nobody accepted."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import needs

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    "test_whole": """
import pytest
def test_runs(): pass
@pytest.mark.skipif(True, reason="needs root")
def test_accepted(): pass
""",
    "test_mark": """
import pytest
@pytest.mark.skipif(True, reason="there is no loom")
def test_marked(): pass
""",
    "test_inside": """
import pytest
@pytest.fixture
def loom(): pytest.skip("there is no loom")
def test_asks(loom): pass
""",
    "test_module": """
import pytest
pytest.importorskip("loom_of_nobody", reason="there is no loom")
""",
}


def run(folder: Path, *modules: str, ci: str, processes: int = 0) -> tuple[int, str]:
    for name in modules:
        (folder / f"{name}.py").write_text(MODULES[name])
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(folder)]
    command += ["-p", "xdist", "-p", "tests.skips", "-n", str(processes), str(folder)]
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "DJANGO_"))}
    alone = {"CI": ci, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, env=inherited | alone, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_unnamed_reasons_fail_the_run_of_ci(tmp_path: Path) -> None:
    code, output = run(tmp_path, *MODULES, ci="true", processes=2)
    assert code == 1, output
    assert "3 x there is no loom; with CI=true this fails the run" in output


@pytest.mark.parametrize("left_out", ["test_mark", "test_inside", "test_module"])
def test_each_way_to_be_left_out_is_seen(tmp_path: Path, left_out: str) -> None:
    code, output = run(tmp_path, "test_whole", left_out, ci="true")
    assert code == 1, output


def test_a_named_reason_is_accepted_and_said(tmp_path: Path) -> None:
    code, output = run(tmp_path, "test_whole", ci="true")
    assert code == 0, output
    assert "LEFT OUT OF THIS RUN" in output
    assert re.search("^1 x needs root$", output, re.MULTILINE)


def test_without_ci_what_is_left_out_is_said_loudly(tmp_path: Path) -> None:
    code, output = run(tmp_path, "test_whole", "test_mark", ci="")
    assert code == 0, output
    assert "LEFT OUT OF THIS RUN" in output
    assert "1 x there is no loom\n" in output


def test_the_lock_file_of_npm_names_versions_and_hashes_only() -> None:
    lock = (needs.NPM / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert lock.count('"node_modules/') == lock.count('"integrity": "sha512-') == 3
