"""The command `prepazka`: everything the one IT person of a town needs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from prepazka.config.env import SettingError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0 when it did what it says."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments) or 0)
    except SettingError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="prepazka", description=__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    adders = (_add_processes, _add_backup, _add_office, _add_people, _add_play, _add_studies)
    for add in (*adders, _add_voice):
        add(commands)
    return parser


def _add_processes(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser("run", help="start everything, with demo offices")
    run.add_argument("--port", type=int, default=8000)
    run.add_argument("--host", default="127.0.0.1")
    run.add_argument("--data", default=".data", help="folder of the embedded database")
    run.add_argument("--no-demo", action="store_true", help="load no demo offices and log-ins")
    run.set_defaults(run=_later("prepazka.config.supervisor", "run"))

    web = commands.add_parser("web", help="the web alone (needs DATABASE_URL)")
    web.add_argument("--port", type=int, default=8000)
    web.add_argument("--host", default="127.0.0.1")
    web.add_argument("--workers", type=int, default=1)
    web.set_defaults(run=_later("prepazka.config.serve", "web"))

    worker = commands.add_parser("worker", help="the worker alone (needs DATABASE_URL)")
    worker.set_defaults(run=_later("prepazka.config.serve", "worker"))

    callback = commands.add_parser("callback", help="the address that a gateway for SMS may call")
    callback.add_argument("gateway", choices=("gosms", "smsbrana", "smsmanager", "bulkgate"))
    callback.set_defaults(run=_later("prepazka.config.serve", "callback"))

    migrate = commands.add_parser("migrate", help="bring the database to this version")
    _on_database(migrate, "prepazka.config.serve", "migrate")


def _add_office(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    office = commands.add_parser("office", help="check, load or export an office's file")
    verbs = office.add_subparsers(required=True, metavar="check|load|export")
    for verb, what in (("check", "say what is wrong with a file"), ("load", "load a file")):
        one = verbs.add_parser(verb, help=what)
        one.add_argument("file", help="a file, or the name of a preset")
        if verb == "load":
            one.add_argument(
                "--accept-conflicts",
                action="store_true",
                help="load even if live visits no longer fit; they are kept and listed",
            )
            _on_database(one, "prepazka.config.office_commands", verb)
        else:
            one.set_defaults(run=_later("prepazka.config.office_commands", verb))
    export = verbs.add_parser("export", help="write an office as a file to standard output")
    export.add_argument("office")
    _on_database(export, "prepazka.config.office_commands", "export")


def _add_people(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    staff = commands.add_parser("staff", help="add a member of staff; asks for the password")
    staff.add_argument("office")
    staff.add_argument("username")
    staff.add_argument("--name", required=True)
    staff.add_argument("--role", required=True)
    _on_database(staff, "prepazka.config.office_commands", "staff")

    factor = commands.add_parser("second-factor", help="reset the lost second factor of somebody")
    factor.add_argument("username")
    _on_database(factor, "prepazka.config.office_commands", "second_factor")

    token = commands.add_parser("token", help="print an API token for a program of a staff member")
    token.add_argument("username")
    token.add_argument("program", help="what uses it, for example a counter's terminal")
    token.add_argument("--revoke", action="store_true", help="let its tokens open nothing more")
    _on_database(token, "prepazka.config.office_commands", "token")

    pair = commands.add_parser("pair", help="print a one-time code for a kiosk or a display")
    pair.add_argument("office")
    pair.add_argument("device")
    _on_database(pair, "prepazka.config.office_commands", "pair")


def _add_play(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    play = commands.add_parser("play-day", help="send virtual citizens and clerks to an office")
    play.add_argument("office")
    play.add_argument("--speed", type=float, default=60.0, help="minutes of the day per minute")
    play.add_argument("--url", default="http://localhost:8000")
    play.add_argument("--minutes", type=float, default=0, help="stop after so many real minutes")
    play.add_argument("--seed", type=int, default=1)
    play.set_defaults(run=_later("prepazka.config.play_day", "play"))


def _add_studies(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    evaluate = commands.add_parser("evaluate", help="judge the program on what happened")
    of = evaluate.add_subparsers(required=True, metavar="waits")
    waits = of.add_parser("waits", help="the wait estimate on a queue log (docs/evaluation.md)")
    waits.add_argument("file", help="a CSV file, perhaps gzipped: tickets, calls or snapshots")
    waits.add_argument("--counters", help="the plan of the counters, for a log of tickets")
    waits.add_argument("--train-to", metavar="DATE", help="last day to learn from, as in the file")
    waits.add_argument(
        "--judge-from", metavar="DATE", help="first day to judge; between: calibrate"
    )
    waits.add_argument("--replays", type=int, default=300)
    waits.add_argument("--gamma", type=float, help="step of the online calibration")
    waits.add_argument("--linear", action="store_true", help="snapshots without scikit-learn")
    waits.add_argument("--json", metavar="FILE", help="write the figures there as well")
    waits.set_defaults(run=_later("prepazka.studies.waits", "waits"))

    simulate = commands.add_parser("simulate", help="play days of an office, and what if")
    simulate.add_argument("office", help="an office's file, the name of a preset, or `sample`")
    simulate.add_argument("--days", type=int, default=100)
    simulate.add_argument("--seed", type=int, default=1)
    simulate.add_argument("--date", metavar="YYYY-MM-DD", help="whose hours hold")
    simulate.add_argument("--clients", type=float, help="a day; else what keeps counters busy")
    simulate.add_argument(
        "--what",
        "--what-if",
        dest="what",
        action="append",
        metavar="CHANGE",
        help="more=3 (a counter like 3), sick=3, away=3@13:00-15:00, lunch=3@12:00-12:30,"
        " quota=AGENDA:2, window=60, demand=+10%%, reminder=0.6 (times the no-shows); repeatable",
    )
    simulate.add_argument("--json", metavar="FILE", help="write the figures there as well")
    simulate.add_argument("--html", metavar="FILE", help="write a page with charts there")
    simulate.add_argument("--language", choices=("cs", "en"), default="cs", help="of the page")
    simulate.add_argument("--log", metavar="FOLDER", help="write the days there as a queue log")
    simulate.set_defaults(run=_later("prepazka.studies.simulate", "simulate"))


def _add_backup(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for name, what in (
        ("backup", "write the whole database to a file"),
        ("restore", "put a backup in place of what the database holds"),
    ):
        one = commands.add_parser(name, help=what)
        one.add_argument("file")
        if name == "restore":
            one.add_argument(
                "--replace", action="store_true", help="even if the database is not empty"
            )
        _on_database(one, "prepazka.config.backup", name)


def _add_voice(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    voice = commands.add_parser("voice", help="the clips that displays say")
    verbs = voice.add_subparsers(required=True, metavar="render|check|names")
    for verb, what in (
        ("render", "have missing clips said by espeak-ng"),
        ("check", "say which clips are missing or wrong"),
        ("names", "list names and words, for recording them"),
    ):
        one = verbs.add_parser(verb, help=what)
        one.add_argument("--data", default=".data", help="folder of `prepazka run`")
        if verb == "render":
            one.add_argument("--anew", action="store_true", help="all, not only missing ones")
            one.add_argument("--quietly", action="store_true", help="behind all other work")
        one.set_defaults(run=_later("prepazka.config.voice_commands", verb))


def _on_database(parser: argparse.ArgumentParser, module: str, name: str) -> None:
    """A command that works on DATABASE_URL, or on the embedded database, be it running or not."""
    parser.add_argument("--data", default=".data", help="folder of the embedded database")
    run = _later(module, name)

    def call(arguments: argparse.Namespace) -> int | None:
        from prepazka.config.database import reached  # noqa: PLC0415  # most commands need none

        with reached(Path(arguments.data)):
            return run(arguments)

    parser.set_defaults(run=call)


def _later(module: str, name: str) -> Callable[[argparse.Namespace], int | None]:
    """Import a command only when it is wanted, since most need Django set up first."""

    def call(arguments: argparse.Namespace) -> int | None:
        import importlib  # noqa: PLC0415  # see above

        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "prepazka.config.settings")
        found = getattr(importlib.import_module(module), name)
        result: int | None = found(arguments)
        return result

    return call


if __name__ == "__main__":
    sys.exit(main())
