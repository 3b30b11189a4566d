"""Rate limits by address, account or contact, counted in fixed windows in the database."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.utils.translation import gettext_noop

from prepazka.booking.networks import contact_of_office
from prepazka.booking.refusals import TooManyHolds
from prepazka.core.hold_limits import CITIZEN, SIGNED_IN, UNSEEN, Asker
from prepazka.core.refusal import Refused
from prepazka.offices import bearers, devices
from prepazka.offices.models import Office
from prepazka.web.models import RateCount
from prepazka.web.shortcuts import address_of

ADD_TO_COUNT = """
INSERT INTO web_count (scope, key, starts_at, tries) VALUES (%s, %s, %s, 1)
ON CONFLICT (scope, key, starts_at) DO UPDATE SET tries = web_count.tries + 1 RETURNING tries
"""

log = logging.getLogger(__name__)

KEEP = timedelta(days=1)
# Signed-in people are counted by account, with limits so many times higher.
SIGNED_IN_TIMES = 10
# For IPv6, a /56 and a /48 have so many times the limit of one /64.
AREA_TIMES, SITE_TIMES = 2, 4
HIDDEN = "hidden"  # the scope that records that proxies hide visitors' addresses


class TooManyTries(Refused):
    """The address or contact has used up a rate limit; repeat after `retry_after`."""

    message = gettext_noop(
        "There were too many attempts in a short time. Please try again in %(minutes)s min."
    )

    @property
    def retry_after(self) -> int:
        """Seconds after which a repeat makes sense."""
        return int(self.params["minutes"]) * 60


@dataclass(frozen=True)
class Limit:
    """A rate limit: at most `most` tries in each window of length `per`."""

    scope: str
    most: int
    per: timedelta


# A town hall's Wi-Fi or a mobile network may be one address for very many people.
HOLDS = Limit("hold", 60, timedelta(minutes=10))
REQUESTS = Limit("request", 40, timedelta(minutes=10))
# Each invitation mails somebody who has not asked for it.
INVITATIONS = Limit("invite", 30, timedelta(hours=1))
CONFIRMATIONS = Limit("contact", 5, timedelta(hours=1))


def limit_address(request: HttpRequest, limit: Limit, *, now: datetime) -> None:
    """Count a post by account, or by address, /56 and /48. Raises TooManyTries.

    If proxies hide addresses, all visitors would share one count, so nobody is counted.
    """
    if not settings.RATE_LIMITS:
        return
    if account := account_of(request, now=now):
        count_try(replace(limit, most=limit.most * SIGNED_IN_TIMES), account, now=now)
        return
    if is_hidden(request, now=now):
        return
    address, area, site = networks_of_address(address_of(request))
    count_try(limit, address, now=now)
    if area != address:
        wide = replace(limit, scope=f"{limit.scope}/56", most=limit.most * AREA_TIMES)
        count_try(wide, area, now=now)
        count_try(
            replace(wide, scope=f"{limit.scope}/48", most=limit.most * SITE_TIMES), site, now=now
        )


def limit_booking(request: HttpRequest, office: Office, limit: Limit, *, now: datetime) -> None:
    """Count as `limit_address` does. Raises TooManyHolds, whose text has the office's contact."""
    try:
        limit_address(request, limit, now=now)
    except TooManyTries as refusal:
        raise TooManyHolds(
            minutes=refusal.params["minutes"], contact=contact_of_office(office)
        ) from None


def asker_of(request: HttpRequest, *, now: datetime) -> Asker | None:
    """The requester as `booking.networks` counts it; None if rate limits are off."""
    if not settings.RATE_LIMITS:
        return None
    if account := account_of(request, now=now):
        return Asker((_short_hash(account),) * 3, SIGNED_IN, crowd=False)
    if is_hidden(request, now=now):
        return Asker((_short_hash(HIDDEN),) * 3, UNSEEN)
    address, area, site = networks_of_address(address_of(request))
    return Asker((_short_hash(address), _short_hash(area), _short_hash(site)), CITIZEN)


def account_of(request: HttpRequest, *, now: datetime) -> str:
    """The key of the requesting staff member or device, by session or token; else ""."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:  # only staff have accounts
        return f"staff:{user.pk}"
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        if bearer := bearers.by_token(token, slug="", now=now):
            return f"staff:{bearer.user}"
        if device := devices.device_by_token(token, now=now):
            return f"device:{device.pk}"
    return ""


def is_hidden(request: HttpRequest, *, now: datetime) -> bool:
    """Whether proxies hide the visitor's address: it looks local though a header forwards one.

    That means that PREPAZKA_TRUSTED_PROXIES is wrong. It is recorded, and health reports it.
    """
    if not request.headers.get("X-Forwarded-For") or not _is_loopback(address_of(request)):
        return False
    day = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if add_to_count(HIDDEN, "", day) == 1:
        log.error(
            "The addresses of visitors are hidden: PREPAZKA_TRUSTED_PROXIES is %s, which does not"
            " fit the number of proxies. Until it does, there are no limits by network.",
            settings.TRUSTED_PROXIES,
        )
    return True


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def count_try(limit: Limit, key: str, *, now: datetime) -> None:
    """Count one more try of the key, in its own transaction. Raises TooManyTries over the limit."""
    if not settings.RATE_LIMITS:
        return
    length = limit.per.total_seconds()
    starts_at = datetime.fromtimestamp(now.timestamp() // length * length, UTC)
    tries = add_to_count(limit.scope, hashed_key(limit.scope, key), starts_at)
    if tries == 1:
        RateCount.objects.filter(starts_at__lt=now - KEEP).delete()
    if tries == limit.most + 1:  # logged once for each key and window, without the key
        log.warning("A limit is reached: %s, more than %s", limit.scope, limit.most)
    if tries > limit.most:
        remaining = (starts_at + limit.per - now).total_seconds()
        raise TooManyTries(minutes=max(1, -int(-remaining // 60)))


def network_of_address(address: str) -> str:
    """The address as limits count it: for IPv6 its /64, the usual network of one household."""
    return networks_of_address(address)[0]


def networks_of_address(address: str) -> tuple[str, str, str]:
    """The IPv6 /64, /56 and /48 of the address; for IPv4 the address three times."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ("unknown",) * 3
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return (str(parsed.ipv4_mapped),) * 3
        wide = [str(ipaddress.ip_network((parsed, bits), strict=False)) for bits in (64, 56, 48)]
        return wide[0], wide[1], wide[2]
    return (str(parsed),) * 3


def _short_hash(key: str) -> str:
    return hashed_key("network", key)[:32]


def hashed_key(scope: str, key: str) -> str:
    """The keyed hash under which a key of the scope is counted."""
    secret = f"limit:{settings.SECRET_KEY}".encode()
    return hmac.new(secret, f"{scope}:{key}".encode(), hashlib.sha256).hexdigest()


def add_to_count(scope: str, key: str, starts_at: datetime) -> int:
    """Add one to the key's count in the window; returns the new count."""
    with connection.cursor() as cursor:
        cursor.execute(ADD_TO_COUNT, [scope, key, starts_at])
        return int(cursor.fetchone()[0])
