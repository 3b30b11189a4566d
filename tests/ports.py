"""Ports on which a test lets something listen."""

import random
import socket

# Below those that systems lend to outgoing connections, or one could be taken between the look and
# the listening; drawn at random, because several processes test at once.
FROM, TO = 12000, 30000


def free_port() -> int:
    chance = random.SystemRandom()
    while True:
        port = chance.randrange(FROM, TO)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
