"""Programs of the system that tests use, where to get them, and which tests may be left out.

`python -m tests.needs` (a step of `make test`) installs what is missing where this user may, and says
what and why. A test asks `needs.path("clamd")`, or is marked `needs.mark("clamd")`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

NPM = Path(__file__).parent / "gateways" / "npm"  # package.json, its lock file, node_modules
POLICY = Path("/usr/sbin/policy-rc.d")
SEARCH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))


@dataclass(frozen=True)
class Need:
    """One program: any of `programs` will do; `packages` are Debian's that bring it."""

    why: str
    programs: tuple[str, ...]
    packages: tuple[str, ...]
    services: tuple[str, ...] = ()  # which the packages would start, and tests do not use

    @property
    def path(self) -> str:
        """The program's path, or an empty string."""
        found = (shutil.which(name, path=SEARCH) for name in self.programs)
        return next(filter(None, found), "")


NEEDS = {
    "caddy": Need(
        "the other shipped proxy in front of two processes", ("caddy",), ("caddy",), ("caddy",)
    ),
    "chromium": Need(
        "the journeys in a browser",
        (
            "chromium",
            "chromium-browser",
            "google-chrome",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
            "/Applications/Chromium.app/Contents/MacOS/Chromium",
        ),
        # The second is the same engine without windows, which works a third less.
        ("chromium", "chromium-headless-shell"),
    ),
    "clamd": Need(
        "files of meetings are checked by a real antivirus",
        ("clamd",),
        ("clamav-daemon",),
        ("clamav-daemon.socket", "clamav-daemon", "clamav-freshclam"),
    ),
    "coturn": Need("a meeting through a relay", ("turnserver",), ("coturn",), ("coturn",)),
    "espeak-ng": Need("the speech of displays is listened to", ("espeak-ng",), ("espeak-ng",)),
    "ip": Need("networks that cannot reach each other", ("ip",), ("iproute2",)),
    "nginx": Need(
        "the shipped proxy in front of two processes", ("nginx",), ("nginx-light",), ("nginx",)
    ),
    "node": Need("the SMPP server of npm", ("node",), ("nodejs",)),
    "npm": Need("installs the SMPP server of npm", ("npm",), ("npm",)),
    "ping": Need("shows that those networks are apart", ("ping",), ("iputils-ping",)),
}

# What may be left out with CI=true: the reason that a skip gives, and why the run is whole without it.
MAY_BE_LEFT_OUT = {
    "deploy/releases.txt lists no release before this one": "there is nothing to update from",
    "the history lacks the commit of the release before": "a shallow clone; git fetch --unshallow",
    "needs root": "makes networks; a run as an ordinary user cannot",
    "already an ordinary user": "every other test of the run shows the same",
    "this Python lies in a folder closed to other users": "so no other user could start the server",
}


def path(name: str) -> str:
    """The path of that program, or an empty string."""
    return NEEDS[name].path


def mark(*names: str) -> pytest.MarkDecorator:
    """Leaves a test out where one of those programs is missing."""
    missing = [name for name in names if not path(name)]
    return pytest.mark.skipif(bool(missing), reason=f"there is no {' and no '.join(missing)}")


def npm_is_ready() -> bool:
    """Whether node_modules holds just what the lock file says."""
    installed = NPM / "node_modules" / ".package-lock.json"
    lock = NPM / "package-lock.json"
    return installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime


def install() -> list[str]:
    """Install what is missing, and return the names of what is missing still."""
    missing = {name: need for name, need in NEEDS.items() if not need.path}
    if missing and (become := _become()) is not None:
        _say("Missing for the tests; installing Debian's packages:", missing)
        _install_packages(list(missing.values()), become)
    if path("npm") and not npm_is_ready():
        print(
            "Installing npm's smpp, a second SMPP server for the tests of short messages",
            flush=True,
        )
        command = [path("npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        _run([*command, "--loglevel=error"], cwd=NPM)
    still = [name for name in missing if not path(name)]
    return still if npm_is_ready() else [*still, "smpp"]


def _say(head: str, missing: dict[str, Need]) -> None:
    print(head)
    for name, need in missing.items():
        print(f"  {name:<10} ({', '.join(need.packages)}): {need.why}", flush=True)


def _become() -> list[str] | None:
    """What a command of root's begins with; None where this user may not install."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    asked = [sudo or "false", "-n", "true"]
    return None if subprocess.run(asked, capture_output=True, check=False).returncode else asked[:2]


def _install_packages(needs: list[Need], become: list[str]) -> None:
    apt = [*become, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--yes"]
    apt += ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=2"]
    _run([*apt, "update"])
    names = [name for need in needs for name in need.packages if _is_offered(name)]
    add = [*apt, "install", "--no-install-recommends"]
    with _no_service_starts(become):
        # One that cannot be installed must not keep the others out.
        if not _run([*add, *names]):
            for name in names:
                _run([*add, name])
    services = [service for need in needs for service in need.services]
    if services and Path("/run/systemd/system").exists():
        _run([*become, "systemctl", "disable", *services])


def _is_offered(package: str) -> bool:
    asked = ["apt-cache", "show", package]
    return not subprocess.run(asked, capture_output=True, check=False).returncode


@contextmanager
def _no_service_starts(become: list[str]) -> Iterator[None]:
    """While packages are installed: a relay or an antivirus of the system is not what tests want."""
    if POLICY.exists():
        yield
        return
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as policy:
        policy.write("#!/bin/sh\nexit 101\n")
        policy.flush()
        _run([*become, "install", "-m", "755", policy.name, str(POLICY)])
    try:
        yield
    finally:
        _run([*become, "rm", "-f", str(POLICY)])


def _run(command: list[str], cwd: Path | None = None) -> bool:
    """Run it quietly, and show the end of what it said where it failed."""
    run = subprocess.run(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if run.returncode:
        print(*run.stdout.splitlines()[-15:], sep="\n", file=sys.stderr)
    return run.returncode == 0


def main() -> int:
    """0, or 1 where something is missing and CI=true."""
    still = install()
    if not still:
        return 0
    print(f"Missing: {', '.join(still)}. Tests that need it are left out.", file=sys.stderr)
    return int(os.environ.get("CI") == "true")


if __name__ == "__main__":
    sys.exit(main())
