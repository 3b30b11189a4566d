"""The command `prepazka`, with which an installation is run and administered."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

Command = Callable[[argparse.Namespace], "int | None"]
SETTINGS = "prepazka.config.settings"
DESCRIPTION = "Run and administer Přepážka: processes, offices, staff, devices and backups."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns exit code 0 when it succeeded; else see `command_errors`."""
    try:
        return _run(argv)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from prepazka.config.command_errors import explain_error  # noqa: PLC0415  # most commands succeed

        explained = explain_error(error)
        if explained is None:
            raise
        sentence, code = explained
        print(sentence, file=sys.stderr)
        return code


def _run(argv: Sequence[str] | None) -> int:
    try:
        arguments = parser().parse_args(argv)
        return int(arguments.run(arguments) or 0)
    finally:
        if sys.stdout and sys.exc_info()[0] in {None, SystemExit}:
            sys.stdout.flush()  # so that a closed pipe is still reported


def parser() -> argparse.ArgumentParser:
    """The whole command line; each command's `module` is imported only when it runs."""
    command_line = argparse.ArgumentParser(prog="prepazka", description=DESCRIPTION)
    command_line.add_argument(
        "--version", action=_Version, nargs=0, help="print the version and exit"
    )
    commands = command_line.add_subparsers(title="commands", required=True, metavar="COMMAND")
    adders = (_add_processes, _add_backup, _add_office, _add_people, _add_play, _add_studies)
    for add in (*adders, _add_voice):
        add(commands)
    return command_line


class _Version(argparse.Action):
    """Prints the version of the installed package, which is looked up only then."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415  # see above

        print(f"prepazka {version('prepazka')}")
        parser.exit()


def _number(
    kind: Callable[[str], float], low: float, high: float = math.inf
) -> Callable[[str], float]:
    """Reader of a number within the bounds, whose error says what is expected."""

    def read(text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            expected = "a whole number" if kind is int else "a number"
            upper_bound = "" if high == math.inf else f" to {high:g}"
            raise argparse.ArgumentTypeError(
                f"expected {expected} from {low:g}{upper_bound}, not {text!r}"
            )
        return number

    return read


def _add_processes(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser("run", help="start everything, with the demo offices")
    run.add_argument("--port", type=_number(int, 1, 65535), default=8000)
    run.add_argument("--host", default="127.0.0.1")
    run.add_argument("--data", default=".data", help="folder of the embedded database")
    run.add_argument(
        "--no-demo", action="store_true", help="do not load the demo offices and log-ins"
    )
    _alone(run, "prepazka.config.supervisor", "run")

    web = commands.add_parser("web", help="start only the web (needs DATABASE_URL)")
    web.add_argument("--port", type=_number(int, 1, 65535), default=8000)
    web.add_argument("--host", default="127.0.0.1")
    web.add_argument("--workers", type=_number(int, 1, 1000), default=1)
    _on_settings(web, "prepazka.config.serve", "web", models=False)  # its processes set Django up

    worker = commands.add_parser("worker", help="start only the worker (needs DATABASE_URL)")
    _on_settings(worker, "prepazka.config.serve", "worker")

    callback = commands.add_parser("callback", help="print the address that an SMS gateway calls")
    callback.add_argument("gateway", choices=("gosms", "smsbrana", "smsmanager", "bulkgate"))
    callback.add_argument("--data", default=".data", help="data folder of `prepazka run`")
    _on_settings(callback, "prepazka.config.serve", "callback", database=False)

    migrate = commands.add_parser("migrate", help="upgrade the database to this version")
    _on_database(migrate, "prepazka.config.serve", "migrate")


def _add_office(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    office = commands.add_parser("office", help="check, load or export an office's file")
    verbs = office.add_subparsers(required=True, metavar="check|load|export")
    for verb, help_text in (("check", "report the problems of a file"), ("load", "load a file")):
        subparser = verbs.add_parser(verb, help=help_text)
        subparser.add_argument("file", help="a file, or the name of a preset")
        if verb == "load":
            subparser.add_argument(
                "--accept-conflicts",
                action="store_true",
                help="load even if some bookings or tickets no longer fit; they are kept and listed",
            )
            _on_database(subparser, "prepazka.config.office_commands", verb)
        else:
            _alone(subparser, "prepazka.config.office_commands", verb)
    export = verbs.add_parser("export", help="write an office's file to standard output")
    export.add_argument("office")
    _on_database(export, "prepazka.config.office_commands", "export")


def _add_people(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    staff = commands.add_parser("staff", help="add a member of staff (asks for the password)")
    staff.add_argument("office")
    staff.add_argument("username")
    staff.add_argument("--name", required=True)
    staff.add_argument("--role", required=True)
    staff.add_argument(
        "--own-password",
        action="store_true",
        help="the person types the password here; no change is required at the first log-in",
    )
    _on_database(staff, "prepazka.config.office_commands", "staff")

    password = commands.add_parser("password", help="print a one-time password for an account")
    password.add_argument("username")
    _on_database(password, "prepazka.config.office_commands", "password")

    factor = commands.add_parser("second-factor", help="reset the lost second factor of an account")
    factor.add_argument("username")
    _on_database(factor, "prepazka.config.office_commands", "second_factor")

    seal = commands.add_parser(
        "seal-secrets",
        help="encrypt the secrets of second factors now; the previous release cannot read them then",
    )
    _on_database(seal, "prepazka.config.office_commands", "seal_secrets")

    token = commands.add_parser(
        "token", help="print an API token for a program of a member of staff"
    )
    token.add_argument("username")
    token.add_argument("program", help='the program\'s name, for example "counter terminal"')
    token.add_argument("--revoke", action="store_true", help="revoke the program's tokens")
    token.add_argument(
        "--days",
        type=int,
        default=365,
        choices=range(1, 366),
        metavar="DAYS",
        help="number of days until it expires (at most 365, the default)",
    )
    _on_database(token, "prepazka.config.office_commands", "token")

    pair = commands.add_parser(
        "pair", help="print a one-time pairing code for a kiosk or a display"
    )
    pair.add_argument("office")
    pair.add_argument("device")
    _on_database(pair, "prepazka.config.office_commands", "pair")


def _add_play(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    play = commands.add_parser("play-day", help="simulate a day with virtual citizens and clerks")
    play.add_argument("office")
    play.add_argument(
        "--speed",
        type=_number(float, 0.01, 3600),
        default=60.0,
        help="simulated minutes per real minute",
    )
    play.add_argument("--url", default="http://localhost:8000")
    play.add_argument(
        "--minutes", type=_number(float, 0), default=0, help="stop after this many real minutes"
    )
    play.add_argument("--seed", type=int, default=1)
    play.add_argument(
        "--from-now",
        action="store_true",
        help="start at the time of the demo clock, as the button on the start page does,"
        " and stop when standard input ends",
    )
    _alone(play, "prepazka.config.play_day", "play")


def _add_studies(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    evaluate = commands.add_parser(
        "evaluate", help="evaluate the program's estimates on recorded data"
    )
    subjects = evaluate.add_subparsers(required=True, metavar="waits")
    waits = subjects.add_parser(
        "waits", help="evaluate wait estimates on a queue log (docs/evaluation.md)"
    )
    waits.add_argument("file", help="a CSV file of tickets, calls or snapshots; may be gzipped")
    waits.add_argument(
        "--counters", help="a file with the counters' schedule, for a log of tickets"
    )
    waits.add_argument(
        "--train-to", metavar="DATE", help="last day of training, written as in the file"
    )
    waits.add_argument(
        "--judge-from", metavar="DATE", help="first day of evaluation; the days between calibrate"
    )
    waits.add_argument("--replays", type=_number(int, 1, 100_000), default=300)
    waits.add_argument("--gamma", type=_number(float, 0, 1), help="step of the online calibration")
    waits.add_argument("--linear", action="store_true", help="snapshots without scikit-learn")
    waits.add_argument("--json", metavar="FILE", help="also write the figures to this file")
    _alone(waits, "prepazka.studies.waits", "waits")

    simulate = commands.add_parser(
        "simulate", help="simulate days of an office, and the effect of changes"
    )
    simulate.add_argument("office", help="an office's file, the name of a preset, or `sample`")
    simulate.add_argument("--days", type=int, default=100)
    simulate.add_argument("--seed", type=int, default=1)
    simulate.add_argument("--date", metavar="YYYY-MM-DD", help="day whose office hours apply")
    simulate.add_argument(
        "--clients",
        type=float,
        help="clients per day; by default as many as keep the counters busy",
    )
    simulate.add_argument(
        "--what",
        "--what-if",
        dest="what",
        action="append",
        metavar="CHANGE",
        help="more=3 (a counter like 3), sick=3, away=3@13:00-15:00, lunch=3@12:00-12:30,"
        " quota=AGENDA:2, window=60, demand=+10%%, reminder=0.6 (multiplies no-shows); repeatable",
    )
    simulate.add_argument("--json", metavar="FILE", help="also write the figures to this file")
    simulate.add_argument("--html", metavar="FILE", help="write a page with charts to this file")
    simulate.add_argument(
        "--language", choices=("cs", "en"), default="cs", help="language of the page"
    )
    simulate.add_argument(
        "--log", metavar="FOLDER", help="write the days to this folder as a queue log"
    )
    _alone(simulate, "prepazka.studies.simulate", "simulate")


def _add_backup(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for name, help_text in (
        ("backup", "write the whole database to a file"),
        ("restore", "replace the contents of the database with a backup"),
    ):
        subparser = commands.add_parser(name, help=help_text)
        subparser.add_argument("file")
        if name == "restore":
            subparser.add_argument(
                "--replace", action="store_true", help="restore even if the database is not empty"
            )
        _on_database(subparser, "prepazka.config.backup", name, models=False)


def _add_voice(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    voice = commands.add_parser("voice", help="manage the audio clips of displays")
    verbs = voice.add_subparsers(required=True, metavar="render|check|names")
    for verb, help_text in (
        ("render", "create missing clips with espeak-ng"),
        ("check", "list clips that are missing or wrong"),
        ("names", "list clip names with the words to record"),
    ):
        subparser = verbs.add_parser(verb, help=help_text)
        subparser.add_argument("--data", default=".data", help="data folder of `prepazka run`")
        if verb == "render":
            subparser.add_argument(
                "--anew", action="store_true", help="create all clips, not only missing ones"
            )
            subparser.add_argument("--quietly", action="store_true", help="run at low priority")
        _alone(subparser, "prepazka.config.voice_commands", verb)


# What each command needs. Django is set up here only, except for `prepazka run`, which has a
# database only once it has started one.


def _alone(parser: argparse.ArgumentParser, module: str, name: str) -> None:
    """A command that needs no database and no models."""
    parser.set_defaults(run=lambda arguments: _call(module, name, arguments), module=module)


def _on_settings(
    parser: argparse.ArgumentParser,
    module: str,
    name: str,
    *,
    database: bool = True,
    models: bool = True,
) -> None:
    """A process of an installation, configured by its settings alone."""

    def run(arguments: argparse.Namespace) -> int | None:
        from prepazka.config import database as databases  # noqa: PLC0415  # most need none

        if data_folder := getattr(arguments, "data", None):
            databases.lend_secret(Path(data_folder))
        databases.require_settings(database=database)
        if models:
            _set_up_django()
        return _call(module, name, arguments)

    parser.set_defaults(run=run, module=module)


def _on_database(
    parser: argparse.ArgumentParser, module: str, name: str, *, models: bool = True
) -> None:
    """A command that works on DATABASE_URL, or on the embedded database, running or not."""
    parser.add_argument("--data", default=".data", help="folder of the embedded database")

    def run(arguments: argparse.Namespace) -> int | None:
        from prepazka.config.database import database_address  # noqa: PLC0415  # most commands need none

        with database_address(Path(arguments.data)):
            if models:
                _set_up_django()
            return _call(module, name, arguments)

    parser.set_defaults(run=run, module=module)


def _set_up_django() -> None:
    import django  # noqa: PLC0415  # takes a second, and not every command needs it

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    django.setup()


def _call(module: str, name: str, arguments: argparse.Namespace) -> int | None:
    import importlib  # noqa: PLC0415  # beside its only use

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", SETTINGS)
    command: Command = getattr(importlib.import_module(module), name)
    return command(arguments)


if __name__ == "__main__":
    sys.exit(main())
