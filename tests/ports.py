"""Ports on which a test lets something listen."""

import os
import random
import socket

# Below those that systems lend to outgoing connections, or one could be taken between the look and
# the listening; of several processes that test at once, each has a stretch of its own.
FROM, EACH, STRETCHES = 12000, 2000, 9
_given: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on, and that this process has not been given before."""
    chance = random.SystemRandom()
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FROM + process % STRETCHES * EACH
    while True:
        port = chance.randrange(first, first + EACH)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port
