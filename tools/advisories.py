"""Compare the versions in the lock files with published holes, from files in the OSV format."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).resolve().parents[1]
# The second holds what only developing needs, besides all of the first.
LOCKS = ("requirements.lock", "requirements-dev.lock")
OLDEST = timedelta(days=30)
USAGE = """\
Usage: python tools/advisories.py FILE...

Each FILE is a ZIP of advisories (as OSV offers for the ecosystem PyPI), a folder of them, or one
advisory in JSON. Nothing is asked over a network: download the file where that is allowed. The exit
code is 0 where nothing is known against our versions, 1 where something is, 2 where the files say
nothing (none, unreadable, or the newest is more than 30 days old).
"""


class Unusable(Exception):
    """The advisories cannot be compared; the text says why."""


@dataclass(frozen=True)
class Locked:
    """A version that a lock file names; `lock` is the first file that does."""

    name: str
    version: str
    lock: str


def locked_versions(folder: Path) -> list[Locked]:
    """Every package of the lock files, once for each version."""
    packages: dict[tuple[str, str], Locked] = {}
    for lock in LOCKS:
        for line in (folder / lock).read_text(encoding="utf-8").splitlines():
            name, separator, rest = line.partition("==")
            if line[:1].isspace() or not separator:
                continue
            version = rest.split()[0].rstrip(";\\")
            name = canonicalize_name(name.partition("[")[0].strip())
            packages.setdefault((name, version), Locked(name, version, lock))
    if not packages:
        raise Unusable(f"No versions in {' and '.join(LOCKS)}.")
    return list(packages.values())


def advisories_in(path: Path) -> Iterator[dict[str, Any]]:
    """The advisories of a ZIP, a folder or a file. Raises OSError, ValueError."""
    if path.is_dir():
        for file in sorted(path.rglob("*.json")):
            yield json.loads(file.read_bytes())
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield json.loads(archive.read(name))
    else:
        yield json.loads(path.read_bytes())


def is_affected(version: str, affected: dict[str, Any]) -> bool:
    """Whether an entry of `affected` holds for the version, by its list or by its ranges."""
    if version in affected.get("versions", ()):
        return True
    return any(
        _in_range(Version(version), spread.get("events", ()))
        for spread in affected.get("ranges", ())
        if spread.get("type") in {"ECOSYSTEM", "SEMVER"}
    )


def _in_range(version: Version, events: Any) -> bool:
    """Whether the last event at or before the version lets the hole in."""
    inside = False
    for kind, at in sorted(
        ((kind, at) for event in events for kind, at in event.items()), key=_in_order
    ):
        if kind == "introduced" and (at == "0" or version >= Version(at)):
            inside = True
        elif (kind == "fixed" and version >= Version(at)) or (
            kind == "last_affected" and version > Version(at)
        ):
            inside = False
    return inside


def _in_order(event: tuple[str, str]) -> tuple[Version, bool]:
    kind, at = event
    return Version(at), kind != "introduced"


def holes(package: Locked, advisories: list[dict[str, Any]]) -> Iterator[str]:
    """A line for each advisory that holds for the package's version."""
    for advisory in advisories:
        for affected in advisory.get("affected", ()):
            about = affected.get("package", {})
            name = canonicalize_name(str(about.get("name", "")))
            if about.get("ecosystem") != "PyPI" or name != package.name:
                continue
            try:
                holds = is_affected(package.version, affected)
            except InvalidVersion as unreadable:
                yield f"{package.name}: {advisory['id']} cannot be compared: {unreadable}"
                continue
            if holds:
                yield _line(package, advisory, affected)
                break


def _line(package: Locked, advisory: dict[str, Any], affected: dict[str, Any]) -> str:
    fixed = [
        event["fixed"]
        for spread in affected.get("ranges", ())
        if spread.get("type") != "GIT"
        for event in spread.get("events", ())
        if "fixed" in event
    ]
    names = ", ".join([advisory["id"], *advisory.get("aliases", ())])
    severity = advisory.get("database_specific", {}).get("severity", "severity unknown")
    return (
        f"{package.name} {package.version} ({package.lock}): {names}, {severity},"
        f" published {advisory.get('published', '?')[:10]},"
        f" fixed in {', '.join(fixed) or 'no version yet'}: {advisory.get('summary', '')}"
    )


def read_all(paths: list[Path]) -> list[dict[str, Any]]:
    """The advisories that were not withdrawn. Raises Unusable."""
    try:
        advisories = [advisory for path in paths for advisory in advisories_in(path)]
        newest = max(datetime.fromisoformat(advisory["modified"]) for advisory in advisories)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as unreadable:
        raise Unusable(f"The advisories cannot be read: {unreadable!r}") from None
    if newest < datetime.now(UTC) - OLDEST:  # noqa: TID251  # runs without the program and its clock
        raise Unusable(f"The newest advisory is of {newest:%Y-%m-%d}: please download them anew.")
    return [advisory for advisory in advisories if "withdrawn" not in advisory]


def main(paths: list[Path], folder: Path = ROOT) -> int:
    """Print what is known against our versions; the exit code as above."""
    if not paths:
        print(USAGE, end="")
        return 2
    try:
        packages, advisories = locked_versions(folder), read_all(paths)
    except Unusable as unusable:
        print(unusable, file=sys.stderr)
        return 2
    lines = [line for package in packages for line in holes(package, advisories)]
    for line in sorted(lines):
        print(line)
    print(f"{len(packages)} versions, {len(advisories)} advisories, {len(lines)} of them hold.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main([Path(argument) for argument in sys.argv[1:]]))
