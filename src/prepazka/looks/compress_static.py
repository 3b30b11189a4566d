"""Compresses the package's static files once, so that the web server need not do it."""

import gzip
import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
KINDS = {".css", ".js", ".svg"}


def compress_static(root: Path = PACKAGE) -> list[Path]:
    """Write the .gz files that are missing or older than their source, and return them."""
    sources = sorted(p for p in root.glob("**/static/**/*") if p.suffix in KINDS)
    return [_compress(source, root) for source in sources if _is_stale(source)]


def _target(source: Path) -> Path:
    return source.with_name(f"{source.name}.gz")


def _is_stale(source: Path) -> bool:
    target = _target(source)
    return not target.exists() or target.stat().st_mtime_ns <= source.stat().st_mtime_ns


def _compress(source: Path, root: Path) -> Path:
    target = _target(source)
    # Another process may be reading or writing the same file. The draft lies in the root, because
    # a starting web server lists the static folders and would open a draft that is gone by then.
    draft = root / f".compressing-{os.getpid()}"
    draft.write_bytes(gzip.compress(source.read_bytes(), mtime=0))
    draft.replace(target)
    return target


if __name__ == "__main__":
    for path in compress_static():
        sys.stdout.write(f"{path.relative_to(PACKAGE)}\n")
