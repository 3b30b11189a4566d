"""Where the processor's time goes while clients press: in the web, the database, the load itself."""

from __future__ import annotations

import psutil
from django.db import connection

from bench.servers import Server


class Costs:
    """Processor time of the three, in milliseconds of one answer."""

    def __init__(self, program: Server) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            backend = psutil.Process(cursor.fetchone()[0])
        self._postmaster = backend.parent() or backend
        self._program = program
        self._started: tuple[float, ...] = ()
        self.spent: tuple[float, ...] = ()

    def start(self) -> None:
        """Begin to count."""
        self._started = self._read()

    def stop(self, answers: int) -> None:
        """Share what was used since the start among the answers."""
        each = 1000 / max(answers, 1)
        self.spent = tuple(
            (now - then) * each for now, then in zip(self._read(), self._started, strict=True)
        )

    def __str__(self) -> str:
        web, database, load = self.spent
        return f"a request costs web {web:.1f}, database {database:.1f}, load {load:.1f} ms of CPU"

    def _read(self) -> tuple[float, ...]:
        return self._program.cpu, _of_family(self._postmaster), _of(psutil.Process())


def _of(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _of_family(process: psutil.Process) -> float:
    family = [process, *process.children(recursive=True)]
    return sum(_of(one) for one in family)
