"""How often one address or one contact may ask for something: fixed windows in the database."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from prepazka.core.refusal import Refused
from prepazka.web.models import Count
from prepazka.web.shortcuts import address_of

KEEP = timedelta(days=1)


class TooManyTries(Refused):
    """There were too many attempts in a short time. Please try again in %(minutes)s min."""

    @property
    def retry_after(self) -> int:
        """Seconds after which a repeat makes sense."""
        return int(self.params["minutes"]) * 60


@dataclass(frozen=True)
class Limit:
    """At most `most` times in each `per`."""

    scope: str
    most: int
    per: timedelta


# A town hall's shared Wi-Fi or a mobile network is one address for very many people.
HOLDS = Limit("hold", 60, timedelta(minutes=10))
REQUESTS = Limit("request", 40, timedelta(minutes=10))
# Each sends a mail to somebody who has not asked for it.
INVITATIONS = Limit("invite", 30, timedelta(hours=1))
CONFIRMATIONS = Limit("contact", 5, timedelta(hours=1))


def limit_address(request: HttpRequest, limit: Limit, *, now: datetime) -> None:
    """Count a post of this address. Raises TooManyTries."""
    count(limit, network(address_of(request)), now=now)


def count(limit: Limit, key: str, *, now: datetime) -> None:
    """Count one more try, in a transaction of its own. Raises TooManyTries."""
    if not settings.RATE_LIMITS:
        return
    length = limit.per.total_seconds()
    starts_at = datetime.fromtimestamp(now.timestamp() // length * length, UTC)
    tries = add(limit.scope, hashed(limit.scope, key), starts_at)
    if tries == 1:
        Count.objects.filter(starts_at__lt=now - KEEP).delete()
    if tries > limit.most:
        left = (starts_at + limit.per - now).total_seconds()
        raise TooManyTries(minutes=max(1, -int(-left // 60)))


def network(address: str) -> str:
    """The address as limits see it: of IPv6 the /64, which is what one household has."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped:
            return str(known.ipv4_mapped)
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)


def hashed(scope: str, key: str) -> str:
    """The keyed hash under which a key of the scope is counted."""
    secret = f"limit:{settings.SECRET_KEY}".encode()
    return hmac.new(secret, f"{scope}:{key}".encode(), hashlib.sha256).hexdigest()


def add(scope: str, key: str, starts_at: datetime) -> int:
    """Count one more of the key in the window, and say how many there are now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO web_count (scope, key, starts_at, tries) VALUES (%s, %s, %s, 1)"
            " ON CONFLICT (scope, key, starts_at) DO UPDATE SET tries = web_count.tries + 1"
            " RETURNING tries",
            [scope, key, starts_at],
        )
        return int(cursor.fetchone()[0])
