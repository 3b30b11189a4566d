"""`python -m faults [CAMPAIGN …]`: make the program fail in every way we know, and say what held."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from faults.trial import Outcome

AT_ONCE, AT_ONCE_SHORT = 3, 6  # they wait more than they work


def main() -> int:
    """Run the campaigns; 1 where something did not hold."""
    # No database of its own: each campaign has one, and this process only asks with psycopg.
    os.environ.pop("PREPAZKA_SECRET_KEY", None)
    os.environ |= {
        "PREPAZKA_DEMO": "1",  # lends this process the tests' key, under which clocks can be moved
        "DATABASE_URL": "postgresql://nobody@localhost/none",
        "DJANGO_SETTINGS_MODULE": "prepazka.config.settings",
    }
    import django  # noqa: PLC0415  # needs the settings' environment

    django.setup()
    from faults import report  # noqa: PLC0415
    from tests import releases  # noqa: PLC0415
    from tests.programs import ROOT  # noqa: PLC0415

    wanted = _arguments()
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="prz-f-")).resolve()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _end_at_once(folder))
    outcomes = _run(wanted, folder)
    minutes = (time.monotonic() - began) / 60
    print(f"\n{report.summary(outcomes)} {minutes:.1f} minutes.", flush=True)
    if wanted.write and wanted.program:
        print(
            f"Kept in {report.write_before(outcomes, releases.short_name(wanted.program)).relative_to(ROOT)}"
        )
    elif wanted.write:
        path = report.write(outcomes, ROOT / "docs" / "faults.md", minutes, short=wanted.short)
        print(f"Written to {path.relative_to(ROOT)}")
    good = all(outcome.good for outcome in outcomes)
    if good and not wanted.keep:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"Logs are in {folder}")
    return 0 if good else 1


def _end_at_once(folder: Path) -> NoReturn:
    """Leave no process and no mounted disk behind; campaigns are threads that would go on."""
    from faults.campaigns import DISK  # noqa: PLC0415  # needs Django set up
    from faults.installation import kill_all  # noqa: PLC0415

    kill_all()
    if (folder / DISK).exists():
        subprocess.run(["umount", "-l", str(folder / DISK)], check=False, capture_output=True)
    os._exit(130)


def _arguments() -> argparse.Namespace:
    """What is asked; `size` is what of it the campaigns get."""
    from faults import report  # noqa: PLC0415  # needs Django set up, as below
    from faults.campaigns import CAMPAIGNS  # noqa: PLC0415
    from faults.trial import Size  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog="python -m faults",
        description="Make the program fail in every way we know, and say what held.",
    )
    parser.add_argument("campaigns", nargs="*", metavar="CAMPAIGN", help=", ".join(CAMPAIGNS))
    parser.add_argument("--short", action="store_true", help="a few of each, in three minutes")
    parser.add_argument(
        "--write",
        action="store_true",
        help="write docs/faults.md (with --program: keep it for its column)",
    )
    parser.add_argument("--at-once", type=int, help="campaigns at once")
    parser.add_argument("--program", metavar="COMMIT", help="try another commit's program")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs")
    for part in fields(Size):
        name = f"--{part.name.replace('_', '-')}"
        parser.add_argument(name, type=type(part.default), help=f"default {part.default}")
    wanted = parser.parse_args()
    if unknown := set(wanted.campaigns) - set(CAMPAIGNS):
        parser.error(f"there is no campaign {', '.join(sorted(unknown))}")
    wanted.size = report.SHORT if wanted.short else Size()
    for part in fields(Size):
        if (given := getattr(wanted, part.name)) is not None:
            setattr(wanted.size, part.name, given)
    wanted.at_once = wanted.at_once or (AT_ONCE_SHORT if wanted.short else AT_ONCE)
    left_out = report.LEFT_OUT if wanted.short else set()
    wanted.campaigns = wanted.campaigns or [name for name in CAMPAIGNS if name not in left_out]
    return wanted


def _run(wanted: argparse.Namespace, folder: Path) -> list[Outcome]:
    """All campaigns, some at once; each is told as soon as it is over."""
    from faults import report  # noqa: PLC0415
    from faults.campaigns import CAMPAIGNS  # noqa: PLC0415
    from faults.installation import make_template  # noqa: PLC0415
    from faults.trial import Broken, Run  # noqa: PLC0415
    from tests import releases  # noqa: PLC0415
    from tests.programs import ROOT  # noqa: PLC0415

    with ExitStack() as stack:
        tree = ROOT
        if wanted.program:
            (folder / "other").mkdir()
            tree = stack.enter_context(releases.checked_out(wanted.program, folder / "other"))
        run = Run(folder, make_template(folder / "template", tree), wanted.size, tree, wanted.keep)

        def try_out(name: str) -> list[Outcome]:
            try:
                outcomes = CAMPAIGNS[name](run)
            except Broken as broken:
                outcomes = [broken.outcome]
            for outcome in outcomes:
                print(report.text_of(outcome), flush=True)
            return outcomes

        with ThreadPoolExecutor(wanted.at_once) as threads:
            return [one for some in threads.map(try_out, wanted.campaigns) for one in some]


if __name__ == "__main__":
    sys.exit(main())
