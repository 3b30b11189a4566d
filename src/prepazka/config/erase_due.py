"""A process that erases again, after a restore, people whom the backup brought back.

A separate process, because `prepazka restore` also works on databases of other versions.
"""

from __future__ import annotations

import os
import sys

TABLES_DIFFER = 3  # exit code: the database is of another version


def main() -> int:
    """Erase the personal data that are due. Returns exit code 0 when that succeeded."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prepazka.config.settings")
    import django  # noqa: PLC0415  # the settings are named only now

    django.setup()
    from prepazka.jobs import periodic_steps  # noqa: PLC0415  # needs Django set up
    from prepazka.journal.versions import pending_migrations  # noqa: PLC0415
    from prepazka.offices.clock import now  # noqa: PLC0415

    if pending_migrations():
        return TABLES_DIFFER
    return 1 if periodic_steps.run_erasing_steps(now=now()) else 0


if __name__ == "__main__":
    sys.exit(main())
