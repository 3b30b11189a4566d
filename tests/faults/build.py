"""Run by a test as a program: migrate its own server, and build the town there."""

from __future__ import annotations

import json

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from prepazka.offices import devices  # noqa: E402
from prepazka.offices.clock import now  # noqa: E402
from tests import town  # noqa: E402
from tests.faults.always import always_open  # noqa: E402

if __name__ == "__main__":
    call_command("migrate", interactive=False, verbosity=0)
    office = always_open(quota=3)
    code = devices.make_pairing_code(device=town.kiosk(office), now=now())
    print(json.dumps({"code": code}))  # the answer to the test
