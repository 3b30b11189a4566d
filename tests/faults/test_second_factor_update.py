"""Secrets across an update: people log in with a second factor on the release before and on this one, at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg
import pytest

from prepazka.config import embedded
from tests import programs, releases
from tests.faults import program
from tests.faults.test_release_before import built_by, commit_before, old_web
from tests.one_time_codes import code_of
from tests.ports import free_port
from tests.programs import COMMAND

PASSWORD = "heslo heslo heslo"  # as tests.town gives it
CALENDAR_PASSWORD = "heslo ke kalendáři"
SET_UP = "import django; django.setup()\n"
CLERKS = """
from prepazka.offices.directory import directory  # as 0.2, which runs this, names them
from prepazka.offices.models import Office
from tests import town
where = directory(Office.objects.get(slug="lhota"))
for name in ("novakova", "dvorak"):
    town.clerk(where, name)
"""
ADD_CALENDAR = """
from prepazka.accounts.models import User
try:
    from prepazka.booking import external_calendars
except ImportError:
    from prepazka.booking import outside as external_calendars  # as 0.2 names it
from prepazka.offices.models import Official
from tests import officials
from tests.clock import real_now
official = Official.objects.first() or officials.official(officials.office())
external_calendars.add_calendar(
    official=official, kind="caldav", url="https://kalendar.example/{name}", now=real_now(),
    actor=User.objects.get(username="novakova").pk, username="x", password="{password}",
)
"""
CALENDAR_PASSWORDS = """
try:
    from prepazka.booking.external_calendars import decrypt_secret
except ImportError:
    from prepazka.booking.outside import opened as decrypt_secret  # as 0.2 names it
from prepazka.booking.models import OutsideCalendar
print([decrypt_secret(row.password) for row in OutsideCalendar.objects.all()])
"""


def run(code: str, told: dict[str, str], tree: Path = programs.ROOT) -> str:
    """What these lines print, run by the program of that tree."""
    done = subprocess.run(
        [sys.executable, "-c", SET_UP + code],
        env=told,
        cwd=tree,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@dataclass
class Staff:
    """Somebody of the staff, with a second factor as soon as `turn_on` has been called."""

    name: str
    database: str
    secret: str = ""
    recovery: list[str] = field(default_factory=list)

    def code(self) -> str:
        """The code of this half minute, which may have been used: as if that half minute were over."""
        with psycopg.connect(self.database) as connection:
            connection.execute("DELETE FROM cache")
        return code_of(self.secret)

    def turn_on(self, port: int) -> None:
        """Turn the second factor on."""
        with browser(port) as http:
            self._give_password(http)
            self._post(http, "reauthenticate/", password=PASSWORD)
            page = http.get("/ucet/2fa/totp/activate/").text
            self.secret = re.findall(r'id="secret">(\w+)<', page)[0]
            # The page, opened once more, would have another secret.
            told = {"code": self.code(), "csrfmiddlewaretoken": http.cookies["csrftoken"]}
            assert http.post("/ucet/2fa/totp/activate/", data=told).is_redirect
            page = http.get("/ucet/2fa/recovery-codes/").text
            self.recovery = re.findall(r"<li><code>(\w+)</code>", page)
            assert self.recovery

    def gets_in(self, port: int, recovery: str = "") -> bool:
        """Whether the password opens the counter with a code of now, or with that for recovery."""
        with browser(port) as http:
            self._give_password(http)
            assert http.get("/pult/lhota/").status_code == 302, "the password alone does not open"
            self._post(http, "2fa/authenticate/", code=recovery or self.code())
            return http.get("/pult/lhota/").status_code == 200

    def breaks(self, port: int) -> bool:
        """Whether the code is answered by an error."""
        with browser(port) as http:
            self._give_password(http)
            return self._send(http, "2fa/authenticate/", code=self.code()).status_code == 500

    def _give_password(self, http: httpx.Client) -> None:
        answer = self._post(http, "login/", login=self.name, password=PASSWORD)
        assert answer.is_redirect, answer.text

    def _post(self, http: httpx.Client, path: str, **fields: str) -> httpx.Response:
        answer = self._send(http, path, **fields)
        assert answer.status_code < 400, answer.text
        return answer

    @staticmethod
    def _send(http: httpx.Client, path: str, **fields: str) -> httpx.Response:
        page = http.get(f"/ucet/{path}")
        token = http.cookies.get("csrftoken", "")
        return http.post(
            f"/ucet/{path}",
            data={**fields, "csrfmiddlewaretoken": token},
            headers={"Referer": str(page.url)},
        )


def browser(port: int) -> httpx.Client:
    return httpx.Client(
        base_url=f"http://localhost:{port}", timeout=60, headers={"Accept-Language": "cs"}
    )


@contextmanager
def both_releases(folder: Path, tmp_path: Path) -> Iterator[tuple[str, dict[str, str], int, Path]]:
    database = embedded.start_server(folder)
    told = program.environment(database)
    with ExitStack() as stack:
        tree = stack.enter_context(releases.checked_out(commit_before(), tmp_path))
        old = told | {"PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}"}
        built_by(old, tree)
        subprocess.run(
            [*COMMAND, "migrate"], env=old, cwd=tree, check=True, timeout=300
        )  # its cache
        run(CLERKS, old, tree)
        port = free_port()
        stack.enter_context(old_web(old, tree, tmp_path / "old.log", port))
        yield database, told, port, tree


@pytest.mark.any_day("what both releases read of the secrets")
@pytest.mark.real_time
def test_second_factors_and_passwords_of_calendars_work_on_both(
    folder: Path, tmp_path: Path
) -> None:
    with both_releases(folder, tmp_path) as (database, told, before, tree):
        old = told | {"PYTHONPATH": f"{tree / 'src'}{os.pathsep}{tree}"}
        first, second = Staff("novakova", database), Staff("dvorak", database)
        first.turn_on(before)
        run(ADD_CALENDAR.format(name="a", password=CALENDAR_PASSWORD), old, tree)
        subprocess.run([*COMMAND, "migrate"], env=told, check=True, timeout=300)
        now = free_port()
        with program.web(told, tmp_path / "new.log", now):
            assert first.gets_in(now)
            assert first.gets_in(before)
            assert first.gets_in(now, first.recovery[0])
            assert first.gets_in(before, first.recovery[1])
            assert not first.gets_in(before, first.recovery[0]), "used on the other release"
            second.turn_on(now)
            assert second.gets_in(before), "turned on by the newer, asked by the older"
            assert second.gets_in(before, second.recovery[0])
            run(ADD_CALENDAR.format(name="b", password=CALENDAR_PASSWORD), told)
            passwords = str([CALENDAR_PASSWORD] * 2)
            assert run(CALENDAR_PASSWORDS, old, tree) == run(CALENDAR_PASSWORDS, told) == passwords

            subprocess.run([*COMMAND, "seal-secrets"], env=told, check=True, timeout=60)
            for staff in (first, second):
                assert staff.gets_in(now)
                assert staff.gets_in(now, staff.recovery[2])
            assert second.breaks(before), "so docs/operations.md warns"
        assert "Traceback" not in (tmp_path / "new.log").read_text()
