"""One sentence and an exit code for each foreseen error that stops a command.

2: the command line or a setting is wrong, and nothing was started. 1: the command failed.
Any other error is a fault of the program and keeps its traceback.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys

from prepazka.config.env import SettingError
from prepazka.config.postmaster import EmbeddedServerError
from prepazka.core.error_texts import sentence_of

WRONGLY_ASKED, NOT_DONE = 2, 1
# Classes of SQLSTATE with which a server refuses or ends a connection; without any, none was made.
NO_CONNECTION = ("08", "28", "3D", "53", "57P")
# lock_not_available, deadlock_detected, query_canceled
BUSY = ("55P03", "40P01", "57014")
FORBIDDEN = "42501"
# undefined_table, undefined_column
OTHER_VERSION = ("42P01", "42703")


class CommandFailed(Exception):
    """The command cannot do its work; the message says why, and what to do."""


def explain_error(error: Exception) -> tuple[str, int] | None:
    """The sentence and the exit code; None for an unforeseen error."""
    if isinstance(error, SettingError):
        return str(error), WRONGLY_ASKED
    if isinstance(error, CommandFailed | EmbeddedServerError):
        return str(error), NOT_DONE
    if isinstance(error, BrokenPipeError):
        _write_no_more()
        return "The output was closed before it was complete.", NOT_DONE
    if isinstance(error, OSError) and error.filename is not None:
        return sentence_of(error), NOT_DONE
    if isinstance(error, OSError) and error.__class__ is OSError and error.strerror:
        return f"The output could not be written: {error.strerror}.", NOT_DONE
    sentence = _of_database(error)
    return (sentence, NOT_DONE) if sentence else None


def explain_unreachable_server(error: Exception) -> str:
    """The sentence about a server that cannot be reached, or refuses the connection."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = (lines[0] if lines else type(error).__name__).removeprefix("connection failed: ")
    if reason.endswith(":") and len(lines) > 1:  # several addresses were tried
        reason = lines[1].removeprefix("- ")
    return (
        f"The database cannot be reached: {reason.rstrip('.')}. Check that the server is running "
        "and that DATABASE_URL points to it."
    )


def _of_database(error: Exception) -> str:
    import psycopg  # noqa: PLC0415  # only once something went wrong

    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(cause, psycopg.Error):
        return ""
    state = cause.sqlstate or ""
    if state in BUSY:
        return "The database was too busy, and nothing was changed; try again."
    if state == FORBIDDEN:
        return (
            f"The database refused permission: {str(cause).splitlines()[0]}. Make the role of "
            "DATABASE_URL the owner of the database, or use another role."
        )
    if state in OTHER_VERSION:
        return (
            "The tables of the database do not match this version of the program; upgrade them "
            "with prepazka migrate."
        )
    if isinstance(cause, psycopg.OperationalError) and (
        not state or state.startswith(NO_CONNECTION)
    ):
        return explain_unreachable_server(cause)
    return ""


def _write_no_more() -> None:
    """Point standard output to /dev/null, so that the flush at exit does not fail again."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def check_port_free(host: str, port: int) -> None:
    """Raise CommandFailed where the web could not listen, with the reason and what to say instead."""
    try:
        socket.create_server((host, port)).close()
    except (OSError, UnicodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "this is not a valid host name"
        reason = (words or str(error)).split(" (")[0]
        raise CommandFailed(
            f"Cannot listen on {host}, port {port}: {reason}. Choose another with --port or --host."
        ) from error
