"""The visitor's address of a request behind our own proxies."""

from __future__ import annotations

from collections.abc import Iterable


def address_of(peer: str, forwarded: Iterable[str], proxies: int) -> str:
    """The visitor's address as the outermost of our own proxies saw it.

    `peer` is the address connected to us, `forwarded` the values of X-Forwarded-For, whose last
    entries our `proxies` have added. Earlier entries come from the visitor and are ignored.
    """
    # A repeated header is one list.
    hops = ",".join(forwarded).split(",")
    return hops[-proxies].strip() if 0 < proxies <= len(hops) else peer
