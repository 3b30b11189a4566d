"""A connection that checks itself without a round trip and reads instants without Python code.

It is watched (`edge.database_watch`), so that no thread waits for a server that does not answer.
"""

from __future__ import annotations

import select
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError
from django.db.backends.postgresql import base
from psycopg import adapters, pq

from prepazka.edge.database_watch import watch

# Django's own loader is Python, called for each instant of each row, and changes nothing: the
# database's zone is UTC here, as Django's is.
FAST = adapters.get_loader(base.TIMESTAMPTZ_OID, pq.Format.TEXT)


class DatabaseWrapper(base.DatabaseWrapper):
    """The connection class that Django uses."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, and read instants by psycopg's own loader."""
        watch.must_answer()
        try:
            connection = super().get_new_connection(conn_params)
        except psycopg.errors.ConnectionTimeout:
            watch.timed_out()
            raise
        watch.add(connection)
        if self.timezone_name == "UTC" and FAST is not None:
            connection.adapters.register_loader("timestamptz", FAST)
        return connection

    def create_cursor(self, name: str | None = None) -> Any:
        """A cursor with the loaders of its connection."""
        if name or self.timezone_name != "UTC":
            return super().create_cursor(name)
        return self.connection.cursor()

    def _close(self) -> Any:
        if self.connection is None:
            return None
        with self.wrap_database_errors:
            return watch.close(self.connection)

    def _commit(self) -> Any:
        """Commit; the error of a failed commit has `commit_in_doubt`: it may have succeeded."""
        try:
            return super()._commit()  # type: ignore[misc]  # unknown to the stubs
        except (OperationalError, InterfaceError) as error:
            error.commit_in_doubt = True  # type: ignore[union-attr]  # read by web.errors
            raise

    def is_usable(self) -> bool:
        """Whether the connection still works; checked before each request.

        A server that went away has closed the socket, or has written the reason to it; only then
        is a round trip needed to know more.
        """
        connection = self.connection
        if connection is None or watch.silent:
            return False
        if connection.pgconn.status == pq.ConnStatus.OK and _is_quiet(connection.fileno()):
            return True
        return bool(super().is_usable())


def _is_quiet(socket: int) -> bool:
    poll = select.poll()
    poll.register(socket, select.POLLIN | select.POLLPRI)  # errors and hang-ups are always reported
    return not poll.poll(0)
