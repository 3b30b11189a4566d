"""A watch that detects a silent database and frees the threads that wait for it.

A stopped server (SIGSTOP, a hung disk, a virtual machine that is being moved) keeps its sockets
open: a thread that waits in libpq waits for ever, and the server's own timeouts do not run. So a
thread of each web process asks on a connection of its own. Without an answer it shuts the sockets
down, so that every waiting thread gets the driver's ordinary error at once, and new connections are
refused without a try until the server answers again.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import threading
import time
import weakref
from typing import Any

import psycopg

log = logging.getLogger(__name__)

ASK_EVERY = 1.0  # seconds
# Measured at the socket, so that a slow process of ours does not count. With ASK_EVERY and the time
# to make the page it must stay below the 10 s that a person waits.
ANSWERS_WITHIN = 5.0

Connection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]


class DatabaseSilent(psycopg.OperationalError):
    """The database does not answer; raised at once, so that requests do not wait for it."""


class DatabaseWatch:
    """The connections of this process, and whether the database server answers."""

    def __init__(self) -> None:
        self._connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        # Held while a connection is closed, as another socket may get its number right afterwards.
        self._lock = threading.Lock()
        self._silent = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._asking: psycopg.Connection[Any] | None = None

    @property
    def silent(self) -> bool:
        """Whether the database did not answer when it was last asked."""
        return self._silent.is_set()

    def start(self, conninfo: str) -> None:
        """Start the thread that asks this server, unless it runs already."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = threading.Thread(
                target=self._run, args=(conninfo,), name="database-watch", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Stop the thread; waits for its last answer."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join(ANSWERS_WITHIN + ASK_EVERY)
            self._thread = None
            self._silent.clear()

    def must_answer(self) -> None:
        """Raise DatabaseSilent while the database does not answer."""
        if self.silent:
            raise DatabaseSilent("the database does not answer")

    def timed_out(self) -> None:
        """Mark the database as silent after a connection timed out, until its next answer."""
        if self._thread is not None:
            self._silent.set()

    def add(self, connection: Connection) -> None:
        """Watch a connection: its socket is shut down when the database falls silent."""
        with self._lock:
            self._connections.add(connection)

    def close(self, connection: psycopg.Connection[Any]) -> None:
        """Close a connection that was added."""
        with self._lock:
            connection.close()

    def _run(self, conninfo: str) -> None:
        silent_since = 0.0
        while not self._stopping.wait(ASK_EVERY):
            began = time.monotonic()
            if self._ask(conninfo):
                if silent_since:
                    log.warning("The database answers again after %.0f s.", began - silent_since)
                silent_since = 0.0
                self._silent.clear()
                continue
            self._hang_up()
            if not silent_since:
                silent_since = began
                log.warning(
                    "The database has not answered for %.0f s; requests are refused until it does.",
                    ANSWERS_WITHIN,
                )
            self._silent.set()
            self._shut_down()  # each time, because some were between two statements before
        self._hang_up()

    def _ask(self, conninfo: str) -> bool:
        """Whether the server answers; also true when it refuses, because that takes no time."""
        try:
            if self._asking is None:
                self._asking = psycopg.connect(
                    conninfo, autocommit=True, connect_timeout=int(ANSWERS_WITHIN)
                )
            return _answers_in_time(self._asking)
        except psycopg.errors.ConnectionTimeout:
            return False
        except psycopg.Error:
            self._hang_up()
            return True

    def _hang_up(self) -> None:
        if self._asking is not None:
            self._asking.close()
            self._asking = None

    def _shut_down(self) -> None:
        with self._lock:
            for connection in self._connections:
                # A transaction whose COMMIT was not sent is rolled back by the server when it
                # reads that its client is gone.
                with (
                    contextlib.suppress(psycopg.Error, OSError),
                    socket.socket(fileno=os.dup(connection.fileno())) as end,
                ):
                    end.shutdown(socket.SHUT_RDWR)


def _answers_in_time(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server answers the empty query in time. Raises psycopg.Error when it is gone."""
    server = connection.pgconn
    server.send_query(b"")
    poll = select.poll()
    poll.register(server.socket, select.POLLIN)
    deadline = time.monotonic() + ANSWERS_WITHIN
    while True:
        seconds_left = deadline - time.monotonic()
        if not poll.poll(max(0.0, seconds_left) * 1000):
            return False
        server.consume_input()
        while not server.is_busy():
            if server.get_result() is None:
                return True


watch = DatabaseWatch()
