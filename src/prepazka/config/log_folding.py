"""One line per cause and minute in the log, with a count of the repeats.

A lost database or a broken mail server makes thousands of the same lines; whoever looks for
the cause needs one of them, and how many there were.
"""

from __future__ import annotations

import logging
import math
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Hashable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO

WITHIN = 60.0  # seconds
MOST_CAUSES = 200  # counted at once; beyond it all records of a logger are one cause
PACKAGE = Path(__file__).resolve().parents[1]
# Parts that differ between two lines of the same cause: ids, numbers, quoted values, addresses.
VARIES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|0x[0-9a-f]+|'[^']*'|\"[^\"]*\"|(?<=: )/\S*|\d+")


def key_of_cause(record: logging.LogRecord) -> Hashable:
    """A key that is equal for two records of the same cause."""
    error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
    if error is not None:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if PACKAGE in Path(frame.filename).parents]
        locations = tuple((frame.filename, frame.lineno) for frame in (*ours[-1:], *frames[-1:]))
        return record.name, record.levelno, type(error), locations
    status = getattr(record, "status_code", None)
    return record.name, record.levelno, status, VARIES.sub("#", record.getMessage())


@dataclass
class _Repeats:
    """A cause whose first record was written; `latest` is the newest of the others."""

    until: float
    count: int = 0
    latest: logging.LogRecord | None = None


class FoldingHandler(logging.StreamHandler[IO[str]]):
    """Writes the first record of a cause, counts repeats for a minute, then writes their number.

    Records below a warning are written at once: whoever logs them wants to see all. Nothing is
    written after `close()`, nor to a stream that its owner has closed.
    """

    def __init__(self, stream: IO[str] | None = None, within: float = WITHIN) -> None:
        super().__init__(stream or sys.stderr)
        self.within = within
        self._repeats: dict[Hashable, _Repeats] = {}
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        os.register_at_fork(after_in_child=self._forget)

    def emit(self, record: logging.LogRecord) -> None:
        """Write or count the record; called under the handler's lock."""
        if self._over.is_set():
            return
        if record.levelno < logging.WARNING:
            self._write(record)
            return
        cause = key_of_cause(record)
        self._end(time.monotonic())
        if cause not in self._repeats and len(self._repeats) >= MOST_CAUSES:
            cause = (record.name, record.levelno)
        if repeats := self._repeats.get(cause):
            repeats.count += 1
            repeats.latest = record
            if self._thread is None:  # only where something is counted: a fork keeps no thread
                self._thread = threading.Thread(target=self._end_minutes, daemon=True)
                self._thread.start()
            return
        self._write(record)
        self._repeats[cause] = _Repeats(time.monotonic() + self.within)

    def _end_minutes(self) -> None:
        """Write each cause's count of repeats when its minute is over; ends with the handler."""
        while not self._over.is_set():
            self.acquire()
            try:
                self._end(time.monotonic())
                if not self._repeats:
                    self._thread = None
                    return
                pause = min(repeats.until for repeats in self._repeats.values()) - time.monotonic()
            finally:
                self.release()
            self._over.wait(max(pause, 0.01))

    def _end(self, now: float) -> None:
        over = [cause for cause, repeats in self._repeats.items() if repeats.until <= now]
        for cause in over:
            repeats = self._repeats.pop(cause)
            if repeats.latest:
                self._write(_folded(repeats.latest, repeats.count))

    def _write(self, record: logging.LogRecord) -> None:
        if not self.stream.closed:
            super().emit(record)

    def _forget(self) -> None:
        """Start empty in a forked process: it has no thread, and the counts are the parent's."""
        was_closed = self._over.is_set()
        self._repeats, self._thread, self._over = {}, None, threading.Event()
        if was_closed:
            self._over.set()

    def close(self) -> None:
        """Write what was counted, and nothing after it; the thread ends by itself.

        The thread is not waited for: `logging.shutdown` calls this under a lock it may want.
        """
        self.acquire()
        try:
            self._end(math.inf)
            self._over.set()
        finally:
            self.release()
        super().close()


def _folded(latest: logging.LogRecord, count: int) -> logging.LogRecord:
    folded = logging.makeLogRecord(latest.__dict__)
    folded.exc_info, folded.exc_text, folded.stack_info = None, None, None
    error = latest.exc_info[1] if isinstance(latest.exc_info, tuple) else None
    error_name = f" ({type(error).__name__})" if error else ""
    folded.msg = f"{latest.getMessage()}{error_name} … {count} more of these within a minute"
    folded.args = ()
    return folded


class RefusalsAreNoErrors(logging.Filter):
    """Turns into warnings what Django logs as errors although nothing is broken.

    A polite 503 while the database is away, and a request for a host name that is not ours, which
    scanners send all day and which also shows an administrator a name missing in PREPAZKA_HOSTS.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, at a lower level where it is no error."""
        status = getattr(record, "status_code", HTTPStatus.INTERNAL_SERVER_ERROR)
        if record.levelno == logging.ERROR and (
            status < HTTPStatus.INTERNAL_SERVER_ERROR
            or status == HTTPStatus.SERVICE_UNAVAILABLE
            or record.name.startswith("django.security.")
        ):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = None
            return logging.getLogger().isEnabledFor(logging.WARNING)
        return True


class ShortRefusals(logging.Filter):
    """Leaves out the traceback of errors whose `is_fault` is false."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, with the error's message in place of its traceback."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if getattr(error, "is_fault", True):
            return True
        record.msg, record.args = f"{record.getMessage()}: {error}", ()
        record.exc_info = None
        return True
