"""`python -m attack [CAMPAIGN …]`: attack an installation in every way we know, and say what held."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn


def main() -> int:
    """Run the campaigns; 1 where something did not hold."""
    # As in `faults`: this process has no database of its own.
    os.environ.pop("PREPAZKA_SECRET_KEY", None)
    os.environ |= {
        "PREPAZKA_DEMO": "1",
        "DATABASE_URL": "postgresql://nobody@localhost/none",
        "DJANGO_SETTINGS_MODULE": "prepazka.config.settings",
    }
    from attack import door  # noqa: PLC0415  # needs no settings

    if door.is_inside():
        door.furnish()
    elif "--no-nginx" not in sys.argv:
        if not (why_not := door.why_not()):
            door.enter(sys.argv[1:])
        print(f"Without nginx in front: {why_not}.", flush=True)
    import django  # noqa: PLC0415  # needs the settings' environment

    django.setup()
    from attack import report  # noqa: PLC0415
    from attack.campaigns import CAMPAIGNS, SHORT, Run, Size, run_all  # noqa: PLC0415
    from faults.installation import make_template  # noqa: PLC0415
    from tests.programs import ROOT  # noqa: PLC0415

    parser = argparse.ArgumentParser(
        prog="python -m attack",
        description="Attack an installation in every way we know, and say what held.",
    )
    parser.add_argument("campaigns", nargs="*", metavar="CAMPAIGN", help=", ".join(CAMPAIGNS))
    parser.add_argument("--short", action="store_true", help="fewer of each, in a few minutes")
    parser.add_argument("--write", action="store_true", help="write the figures into the docs")
    parser.add_argument(
        "--no-nginx", action="store_true", help="the program alone, also where nginx is there"
    )
    wanted = parser.parse_args()
    if unknown := set(wanted.campaigns) - set(CAMPAIGNS):
        parser.error(f"there is no campaign {', '.join(sorted(unknown))}")
    names = wanted.campaigns or [
        name
        for name, campaign in CAMPAIGNS.items()
        if (campaign.is_short or not wanted.short)
        and (door.is_inside() or not campaign.needs_nginx)
    ]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _end_at_once())
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="prz-a-")).resolve()
    size = SHORT if wanted.short else Size()
    run = Run(folder, make_template(folder, ROOT), size, is_short=wanted.short)
    results = []
    for result in run_all(names, run):
        print(report.line(result), flush=True)
        results.append(result)
    minutes = (time.monotonic() - began) / 60
    good = all(result.good for result in results)
    print(f"\n{'All held' if good else 'NOT ALL HELD'} in {minutes:.1f} minutes.", flush=True)
    if wanted.write:
        report.write(results, ROOT / "docs" / "security.md", minutes)
    if good:
        shutil.rmtree(folder, ignore_errors=True)
    else:
        print(f"Logs are in {folder}")
    return 0 if good else 1


def _end_at_once() -> NoReturn:
    """Leave no process behind; the robots are threads that would go on."""
    from faults.installation import kill_all  # noqa: PLC0415  # needs Django set up

    kill_all()
    os._exit(130)


if __name__ == "__main__":
    sys.exit(main())
