"""`prepazka backup` and `prepazka restore`: write the whole database to a file, and restore it."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from prepazka.config import embedded, erase_due
from prepazka.core.error_texts import sentence_of

# An older server does not know this setting of the newer pg_dump, and nothing here needs it.
UNKNOWN_TO_OLDER = b"SET transaction_timeout = 0;"

# Drops everything but what belongs to an extension, and the schema itself, whose owner and rights
# are the administrator's.
DROP_EVERYTHING = """
DO $$ DECLARE target text; BEGIN
  FOR target IN SELECT format('TABLE %s', oid::regclass) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
  LOOP EXECUTE 'DROP ' || target || ' CASCADE'; END LOOP;
  FOR target IN SELECT format('ROUTINE %s', oid::regprocedure) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
  LOOP EXECUTE 'DROP ' || target || ' CASCADE'; END LOOP;
  FOR target IN SELECT format('TYPE %s', oid::regtype) FROM pg_type
    WHERE typnamespace = 'public'::regnamespace
    AND (typtype IN ('e', 'd') OR typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c'))
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_type.oid AND deptype = 'e')
  LOOP EXECUTE 'DROP ' || target || ' CASCADE'; END LOOP;
END $$;
"""


# All daily steps are due again: they ran on other rows than those restored.
MAKE_DAILY_STEPS_DUE = """
DO $$ BEGIN
  IF to_regclass('public.journal_steprun') IS NOT NULL THEN DELETE FROM public.journal_steprun; END IF;
END $$;
"""


# Erasures on request since the backup are recorded here only, so they are carried over.
SELECT_ERASED_RECORDS = "SELECT office_id, key, erased_at FROM public.privacy_erasedrecord"
# Rows of offices that the backup does not have are left out; nobody in them can come back.
INSERT_ERASED_RECORDS = """
DO $$ BEGIN
  IF to_regclass('public.privacy_erasedrecord') IS NOT NULL THEN
    INSERT INTO public.privacy_erasedrecord (office_id, key, erased_at)
    SELECT carried.office, carried.key, carried.at FROM (VALUES {rows}) AS carried (office, key, at)
    WHERE EXISTS (SELECT FROM public.offices_office WHERE id = carried.office)
    ON CONFLICT (key) DO NOTHING;
  END IF;
END $$;
"""


class NotDone(Exception):
    """The backup or restore did not happen; the message says why."""


def backup(arguments: argparse.Namespace) -> int:
    """Write the database to a file; the web and the worker may run meanwhile."""
    return _report(
        arguments, lambda url: dump(url, Path(arguments.file)), "holds the whole database."
    )


def restore(arguments: argparse.Namespace) -> int:
    """Replace the content of the database by a backup; all or nothing.

    Then erases the people whose erasure has been due since the backup, before pages can show them.
    """
    code = _report(
        arguments,
        lambda url: put_back(url, Path(arguments.file), replace=arguments.replace),
        "is restored.",
    )
    return code or _erase_due()


def _erase_due() -> int:
    completed = subprocess.run([sys.executable, "-m", erase_due.__name__], check=False)
    if completed.returncode == erase_due.TABLES_DIFFER:
        print(
            "The backup is from an older version: run prepazka migrate before you start the web. It also"
            " erases the personal data that have been due since the backup."
        )
    elif completed.returncode:
        print(
            "The backup is restored, but personal data that have been due since were not erased."
            " Start the worker before the web: it erases them within a minute of its start.",
            file=sys.stderr,
        )
        return 1
    else:
        print("Personal data that have been due since the backup are erased.")
    return 0


def dump(url: str, file: Path) -> None:
    """Write a backup. Raises NotDone; the file appears only when it is whole."""
    if file.is_dir():
        raise NotDone(f'"{file}" is a folder; give the name of a file.')
    half = file.with_name(f".{file.name}.part")
    # Only the owner may read it: it holds people's names and contacts.
    try:
        os.close(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    except OSError as error:
        raise NotDone(sentence_of(error, file)) from error
    try:
        # By name, because through a pipe the file has no index of its parts, and a damaged one
        # would be restored in part without an error.
        _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={half}")
        half.replace(file)
    finally:
        half.unlink(missing_ok=True)


def put_back(url: str, file: Path, *, replace: bool = False) -> None:
    """Restore a backup in one transaction. Raises NotDone, also for a database that is not empty."""
    if not file.is_file():
        problem = "is a folder" if file.is_dir() else "is not there"
        raise NotDone(f'"{file}" {problem}; give a file written by prepazka backup.')
    file.open("rb").close()  # raises if it cannot be read, before anything is changed
    if not replace and _has_tables(url):
        raise NotDone(
            "The database is not empty, and nothing was changed. Stop the web and the worker, then "
            "use --replace to replace its contents with the backup."
        )
    erased_records = _erased_records_sql(url)
    with TemporaryDirectory() as folder:
        script = Path(folder) / "script.sql"
        _run("pg_restore", "", "--no-owner", "--no-privileges", f"--file={script}", str(file))
        complete_script = Path(folder) / "whole.sql"
        with script.open("rb") as lines, complete_script.open("wb") as out:
            out.write(DROP_EVERYTHING.encode())
            out.writelines(line for line in lines if line.strip() != UNKNOWN_TO_OLDER)
            out.write(erased_records.encode())
            out.write(MAKE_DAILY_STEPS_DUE.encode())
        _run(
            "psql",
            url,
            "--no-psqlrc",
            "--quiet",
            "--single-transaction",
            "--output=/dev/null",
            "--set=ON_ERROR_STOP=1",
            f"--file={complete_script}",
        )


def _has_tables(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public')"
        ).fetchone()
    return bool(row and row[0])


def _erased_records_sql(url: str) -> str:
    """SQL that inserts this database's records of erasures on request; empty without any."""
    with psycopg.connect(url) as connection:
        table = connection.execute("SELECT to_regclass('public.privacy_erasedrecord')").fetchone()
        if not table or table[0] is None:
            return ""
        rows = connection.execute(SELECT_ERASED_RECORDS).fetchall()
        if not rows:
            return ""
        literals = sql.SQL(", ").join(
            sql.SQL("({}::bigint, {}::text, {}::timestamptz)").format(*map(sql.Literal, row))
            for row in rows
        )
        return INSERT_ERASED_RECORDS.format(rows=literals.as_string(connection))


def _run(program: str, url: str, *arguments: str) -> None:
    """Run a program of the newest PostgreSQL of the wheel; it also works with older servers."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    command = [str(embedded.postgresql_programs_folder(Path("none")) / program)]
    if url:
        parameters = conninfo_to_dict(url)
        # Not on the command line, where every user of the machine could read it.
        if password := parameters.pop("password", None):
            environment["PGPASSWORD"] = str(password)
        command.append(f"--dbname={make_conninfo('', **parameters)}")
    completed = subprocess.run(
        [*command, *arguments],
        check=False,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if completed.returncode:
        raise NotDone(f"{program}: {completed.stderr.decode(errors='replace').strip()}")


def _report(arguments: argparse.Namespace, work: Callable[[str], None], success: str) -> int:
    try:
        work(os.environ["DATABASE_URL"])
    except NotDone as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{arguments.file} {success}")
    return 0
