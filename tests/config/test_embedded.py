"""The embedded PostgreSQL, for real: every test here starts a server of its own."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

import prepazka
from prepazka.config import embedded
from prepazka.config.postmaster import Cluster, wait_until


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path of its own, as pytest's are private to root and long."""
    path = Path(tempfile.mkdtemp(prefix="prz-")).resolve()
    yield path
    embedded.stop_server(path)
    shutil.rmtree(path)


def write(url: str, text: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS said (text text)")
        connection.execute("INSERT INTO said VALUES (%s)", [text])


def said(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM said ORDER BY text")]


def setting(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
        assert row is not None
        return str(row[0])


def server_of(folder: Path) -> psutil.Process:
    server = Cluster(folder).server()
    assert server is not None
    return server


def kill(process: psutil.Process) -> None:
    process.send_signal(signal.SIGKILL)


def test_row_survives_kill_of_the_server(folder: Path) -> None:
    write(embedded.start_server(folder), "before")
    killed = server_of(folder)
    kill(killed)

    url = embedded.start_server(folder)

    assert server_of(folder).pid != killed.pid
    assert said(url) == ["before"]


def test_row_survives_kill_of_every_process(folder: Path) -> None:
    write(embedded.start_server(folder), "before")
    for process in list(Cluster(folder).processes()):
        # Its children end by themselves once the first of them is gone.
        with contextlib.suppress(psutil.NoSuchProcess):
            kill(process)
    assert said(embedded.start_server(folder)) == ["before"]


def test_lock_files_naming_a_living_stranger_do_not_block_the_start(folder: Path) -> None:
    cluster = Cluster(folder)
    write(embedded.start_server(folder), "before")
    lines = cluster.pid_file.read_text().splitlines()
    kill(server_of(folder))
    assert wait_until(lambda: not any(cluster.processes()), limit=10)
    # PostgreSQL takes any process of its own user for a rival.
    owner = cluster.account().pw_uid if os.geteuid() == 0 else None
    with subprocess.Popen(["sleep", "60"], user=owner) as stranger:
        stale = "\n".join([str(stranger.pid), *lines[1:]]) + "\n"
        cluster.pid_file.write_text(stale)
        (cluster.data / ".s.PGSQL.5432.lock").write_text(stale)
        url = embedded.start_server(folder)
        assert stranger.poll() is None
        stranger.kill()
    assert said(url) == ["before"]


def test_two_starts_give_the_same_server(folder: Path) -> None:
    first = embedded.start_server(folder)
    pid = server_of(folder).pid
    assert embedded.start_server(folder) == first
    assert server_of(folder).pid == pid


def test_another_process_joins_the_server(folder: Path) -> None:
    url = embedded.start_server(folder)
    assert run_start(folder) == url
    assert setting(url, "cluster_name") == Cluster(folder).mark


def test_processes_starting_at_once_share_one_server(folder: Path) -> None:
    starters = [subprocess.Popen(start_command(folder), **start_options()) for _ in range(3)]
    answers = [starter.communicate(timeout=60)[0].strip() for starter in starters]
    assert answers == [embedded.start_server(folder)] * 3
    assert sum("cluster_name" in " ".join(p.cmdline()) for p in Cluster(folder).processes()) == 1


def test_stop_ends_every_process_and_keeps_rows(folder: Path) -> None:
    cluster = Cluster(folder)
    url = embedded.start_server(folder)
    write(url, "before")
    idle = psycopg.connect(url)
    embedded.stop_server(folder)
    assert list(cluster.processes()) == []
    assert not cluster.pid_file.exists()
    with pytest.raises(psycopg.OperationalError):
        idle.execute("SELECT 1")
    idle.close()
    assert "database system is shut down" in cluster.log.read_text()
    assert said(embedded.start_server(folder)) == ["before"]


def test_stop_without_a_server_is_quiet(folder: Path) -> None:
    embedded.stop_server(folder)
    embedded.stop_server(folder / "never made")
    assert not (folder / "never made").exists()


def test_signal_to_the_terminal_group_spares_the_server(folder: Path) -> None:
    embedded.start_server(folder)
    assert os.getsid(server_of(folder).pid) != os.getsid(0)


def test_long_path(folder: Path) -> None:
    deep = folder / ("přepážka " * 6) / ("x" * 100)
    url = embedded.start_server(deep)
    try:
        write(url, "deep")
        kill(server_of(deep))
        again = embedded.start_server(deep)
        assert again == url
        assert said(again) == ["deep"]
        socket_folder = Cluster(deep).socket_folder()
        assert socket_folder is not None
        assert socket_folder.stat().st_mode & 0o077 == 0
    finally:
        embedded.stop_server(deep)
    assert not socket_folder.exists()


def test_odd_path(folder: Path) -> None:
    odd = """a,b it's "$HOME" with space"""
    write(embedded.start_server(folder / odd), "odd")
    embedded.stop_server(folder / odd)
    assert said(embedded.start_server(folder / odd)) == ["odd"]
    embedded.stop_server(folder / odd)


def test_killed_preparation_is_no_data(folder: Path) -> None:
    (folder / "data.new").mkdir(parents=True)
    (folder / "data.new" / "PG_VERSION").write_text("18\n")
    write(embedded.start_server(folder), "after")


def test_unknown_version_is_named(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "PG_VERSION").write_text("99\n")
    with pytest.raises(embedded.EmbeddedServerError, match="created by PostgreSQL 99"):
        embedded.start_server(folder)


def test_failed_start_shows_the_log_and_the_next_one_recovers(folder: Path) -> None:
    write(embedded.start_server(folder), "before")
    embedded.stop_server(folder)
    configuration = folder / "data" / "postgresql.conf"
    good = configuration.read_text()
    configuration.write_text(good + "\nnonsense = yes\n")
    with pytest.raises(embedded.EmbeddedServerError, match="nonsense"):
        embedded.start_server(folder)
    configuration.write_text(good)
    assert said(embedded.start_server(folder)) == ["before"]


def test_settings(folder: Path) -> None:
    url = embedded.start_server(folder)
    wanted = {
        "max_connections": "200",
        "shared_buffers": "128MB",
        "TimeZone": "UTC",
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
    }
    assert {name: setting(url, name) for name in wanted} == wanted


def test_strangers_settings_in_the_environment_do_not_reach_the_server(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("LC_ALL", "xx_YY")
    url = embedded.start_server(folder)
    monkeypatch.undo()
    assert setting(url, "port") == "5432"


def test_temporary_server_leaves_nothing() -> None:
    with embedded.start_temporary_server() as url:
        write(url, "gone soon")
        place = Path(setting(url, "data_directory")).parent
        assert setting(url, "fsync") == "off"
    assert not place.exists()
    assert list(Cluster(place).processes()) == []


def test_durable_temporary_server_keeps_fsync() -> None:
    with embedded.start_temporary_server(durable=True) as url:
        assert setting(url, "fsync") == "on"


def test_server_of_a_killed_test_run_is_swept() -> None:
    script = (
        "import os, signal; from prepazka.config import embedded\n"
        "lent = embedded.start_temporary_server(); print(lent.__enter__(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    run = subprocess.run([sys.executable, "-c", script], check=False, **start_options())
    place = Path(setting(run.stdout.strip(), "data_directory")).parent
    with embedded.start_temporary_server():
        assert not place.exists()
        assert list(Cluster(place).processes()) == []


def start_command(folder: Path) -> list[str]:
    script = (
        "import sys; from pathlib import Path; from prepazka.config import embedded\n"
        "print(embedded.start_server(Path(sys.argv[1])))"
    )
    return [sys.executable, "-c", script, str(folder)]


def start_options() -> dict[str, Any]:
    source = Path(prepazka.__file__).parents[1]
    path = os.pathsep.join([str(source), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    return {"stdout": subprocess.PIPE, "text": True, "env": environment}


def run_start(folder: Path) -> str:
    run = subprocess.run(start_command(folder), check=True, timeout=60, **start_options())
    return str(run.stdout).strip()


def python_for_everybody() -> str | None:
    """A Python of this version that other users may run."""
    system = f"/usr/bin/python3.{sys.version_info.minor}"
    for program in (Path(sys.executable), Path(system)):
        needed = (program.resolve(), Path(psycopg.__file__), Path(prepazka.__file__))
        folders = {parent for path in needed for parent in path.parents}
        if program.exists() and all(folder.stat().st_mode & 0o001 for folder in folders):
            return str(program)
    return None


@pytest.mark.skipif(os.geteuid() != 0, reason="already an ordinary user")
def test_server_of_an_ordinary_user(folder: Path) -> None:
    nobody = 65534
    python = python_for_everybody()
    if python is None:
        pytest.skip("this Python lies in a folder closed to other users")
    os.chown(folder, nobody, nobody)
    options = start_options()
    options["env"] |= {
        "PYTHONPATH": f"{options['env']['PYTHONPATH']}:{Path(psycopg.__file__).parents[1]}"
    }
    command = [python, *start_command(folder)[1:]]
    run = subprocess.run(command, check=True, timeout=60, user=nobody, group=nobody, **options)
    write(run.stdout.strip(), "hello")
    assert server_of(folder).uids().real == nobody
    assert embedded.start_server(folder) == run.stdout.strip()
