"""Real CalDAV servers, each started in a folder of its own on a free port."""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

USER, PASSWORD = "jana", "tajne-heslo"  # of a fictitious person


def request(method: str, url: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
    """What the server answers, whatever it is."""
    secret = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    asked = urllib.request.Request(  # noqa: S310  # our own server
        url, data=body or None, method=method, headers={"Authorization": f"Basic {secret}"}
    )
    for name, value in headers.items():
        asked.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:  # noqa: S310
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


def put(calendar: str, name: str, text: bytes) -> None:
    status, said = request("PUT", f"{calendar}{name}", text, Content_Type="text/calendar")
    assert status in {200, 201, 204}, said


@contextmanager
def radicale(folder: Path) -> Iterator[str]:
    """The address of an empty calendar, which asks for the password."""
    port = _free_port()
    (folder / "users").write_text(f"{USER}:{PASSWORD}\n")
    (folder / "config").write_text(
        f"[server]\nhosts = 127.0.0.1:{port}\n"
        f"[auth]\ntype = htpasswd\nhtpasswd_filename = {folder / 'users'}\n"
        "htpasswd_encryption = plain\ndelay = 0\n"
        f"[storage]\nfilesystem_folder = {folder / 'data'}\n"
    )
    command = [sys.executable, "-m", "radicale", "--config", str(folder / "config")]
    with _running(command, port):
        yield _made(f"http://127.0.0.1:{port}/{USER}/kalendar/")


@contextmanager
def xandikos(folder: Path) -> Iterator[str]:
    """The address of an empty calendar; this server knows no passwords."""
    port = _free_port()
    command = [
        *(sys.executable, "-m", "xandikos", "serve", "-d", str(folder / "data")),
        *("--defaults", "--listen-address", "127.0.0.1", "--port", str(port)),
        *("--current-user-principal", f"/{USER}/"),
    ]
    with _running(command, port):
        yield _made(f"http://127.0.0.1:{port}/{USER}/calendars/kalendar/")


def _made(calendar: str) -> str:
    status, said = request("MKCALENDAR", calendar)
    assert status == 201, said
    return calendar


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "HOME": "/"}
    ) as process:
        try:
            _await(process, port)
            yield
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(10)


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    for _ in range(300):
        if process.poll() is not None:
            assert process.stdout
            raise AssertionError(process.stdout.read().decode())
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server did not start")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return int(one.getsockname()[1])
