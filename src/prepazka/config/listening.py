"""Check that a port is free, before anything is started that would listen at it."""

from __future__ import annotations

import socket

from prepazka.config.command_errors import CommandFailed


def must_be_free(host: str, port: int) -> None:
    """Raise CommandFailed where the web could not listen, with the reason and what to say instead."""
    try:
        socket.create_server((host, port)).close()
    except (OSError, UnicodeError) as error:
        words = error.strerror if isinstance(error, OSError) else "that is no name of a host"
        reason = (words or str(error)).split(" (")[0]
        raise CommandFailed(
            f"Nobody can listen at {host}, port {port}: {reason}. Say another with --port or --host."
        ) from error
