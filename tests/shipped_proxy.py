"""deploy/nginx.conf in a real nginx: on the paths and ports of whoever starts it, otherwise as shipped."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from tests import needs, programs
from tests.certificates import self_signed

SHIPPED = programs.ROOT / "deploy" / "nginx.conf"
HOST = "objednavky.urad.example"


def nginx_conf(folder: Path, web: int, **changes: str) -> Path:
    """The shipped file in front of that port, in a whole configuration whose files are in the folder."""
    pem, key = self_signed(folder, HOST)
    lines = SHIPPED.read_text().splitlines()
    text = "\n".join(line for line in lines if "listen [::]" not in line)
    for old, new in {
        "127.0.0.1:8000": f"127.0.0.1:{web}",
        "/etc/ssl/certs/prepazka.pem": str(pem),
        "/etc/ssl/private/prepazka.key": str(key),
        "/var/log/nginx": str(folder),
        "/opt/prepazka/deploy": str(SHIPPED.parent),
        **changes,
    }.items():
        assert old in text, old
        text = text.replace(old, new)
    whole = folder / "nginx.conf"
    whole.write_text(
        f"daemon off;\npid {folder}/pid;\nworker_processes 2;\nerror_log {folder}/start.log;\n"
        "events { worker_connections 2048; }\nhttp {\n"
        + "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + text
        + "\n}\n"
    )
    return whole


class Nginx:
    """nginx with that file, from the moment it listens until the end of the block."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.command = [needs.path("nginx"), "-c", str(config), "-p", str(config.parent)]

    def __enter__(self) -> Self:
        tried = subprocess.run([*self.command, "-t"], capture_output=True, text=True, check=False)
        assert tried.returncode == 0, tried.stderr
        assert "[warn]" not in tried.stderr.replace('the "user" directive', ""), tried.stderr
        self.child = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        for address, port in re.findall(r"listen ([\d.]+):(\d+)", self.config.read_text()):
            self._wait_for(address, int(port))
        return self

    def _wait_for(self, address: str, port: int) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection((address, port), timeout=5).close()
            except OSError:
                assert self.child.poll() is None, f"nginx has ended: {self.child.returncode}"
                assert time.monotonic() < deadline, f"nginx does not listen on {address}:{port}"
                time.sleep(0.05)
            else:
                return

    def __exit__(self, *_: object) -> None:
        self.child.terminate()
        self.child.wait(20)
