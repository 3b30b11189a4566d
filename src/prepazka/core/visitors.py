"""Whose address a request has, behind proxies of our own."""

from __future__ import annotations

from collections.abc import Iterable


def address_of(peer: str, forwarded: Iterable[str], proxies: int) -> str:
    """The visitor's address: what the outermost of our own proxies saw.

    `peer` is who is connected to us, `forwarded` the values of X-Forwarded-For, whose last ones our
    `proxies` have added. Everything before them is what the visitor says, and counts for nothing.
    """
    # A header that stands twice is one list.
    hops = ",".join(forwarded).split(",")
    return hops[-proxies].strip() if 0 < proxies <= len(hops) else peer
