"""Notices to browsers by the push service each of them has chosen (RFC 8030, 8291, 8292)."""

from __future__ import annotations

import base64
import binascii
import time
from urllib.parse import urlsplit

import httpcore
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from webpush import WebPush, WebPushSubscription
from webpush.types import WebPushKeys, WebPushMessage
from webpush.vapid import VAPID

from prepazka.messaging.models import PushKey
from prepazka.messaging.port import Push, PushGone, Undeliverable
from prepazka.outgoing.guard import Forbidden, Guarded, Unknown, is_within

WITHIN = 10.0  # seconds for a request
LONGEST = 1000  # characters of an endpoint
POINT, SECRET = 65, 16  # bytes of a browser's public key, and of its secret
GONE = (404, 410)
LATER = (408, 425, 429)  # worth another try, as is anything from 500 on


def public_key() -> str:
    """The key that a browser must be given to let us, and nobody else, send it notices."""
    point = load_pem_public_key(_keys().public.encode())
    assert isinstance(point, ec.EllipticCurvePublicKey)  # noqa: S101  # we made it
    return str(VAPID.get_application_server_key(point))


def understood(endpoint: str, p256dh: str, auth: str) -> bool:
    """Whether it is a subscription to which a notice could be sent."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(p256dh, POINT))
        _decoded(auth, SECRET)
        return len(endpoint) <= LONGEST and _is_address(endpoint)
    except ValueError:
        return False


def send(push: Push) -> None:
    """Hand one notice to its push service. Raises PushGone, Undeliverable."""
    if not understood(push.endpoint, push.p256dh, push.auth):
        raise Undeliverable("not a subscription", permanent=True)
    made = _sealed(push)
    headers = {**made.headers, "Urgency": "high", "Content-Type": "application/octet-stream"}
    backend = Guarded(time.monotonic() + WITHIN, settings.PUSH_NETWORKS)
    try:
        with httpcore.ConnectionPool(network_backend=backend, retries=0) as pool:
            asked = list(headers.items())
            with pool.stream("POST", push.endpoint, headers=asked, content=made.encrypted) as said:
                status = said.status  # what else it says is not read; redirects are not followed
    except Forbidden as error:
        raise Undeliverable("a forbidden network", permanent=True) from error
    except (Unknown, httpcore.TimeoutException, httpcore.NetworkError, OSError) as error:
        raise Undeliverable("the push service does not answer", permanent=False) from error
    except httpcore.ProtocolError as error:
        raise Undeliverable("the push service is broken", permanent=False) from error
    _judge(status)


def _judge(status: int) -> None:
    if status in GONE:
        raise PushGone
    if status in LATER or status >= 500:  # noqa: PLR2004  # their fault
        raise Undeliverable(f"push service: {status}", permanent=False)
    if not 200 <= status < 300:  # noqa: PLR2004  # accepted
        raise Undeliverable(f"push service: {status}", permanent=True)


def _sealed(push: Push) -> WebPushMessage:
    keys = _keys()
    sealer = WebPush(
        private_key=keys.private.encode(),
        public_key=keys.public.encode(),
        subscriber=settings.DEFAULT_FROM_EMAIL,
        ttl=push.lasts,
    )
    wanted = WebPushKeys(auth=push.auth, p256dh=push.p256dh)
    return sealer.get(push.content, WebPushSubscription(endpoint=push.endpoint, keys=wanted))


def _keys() -> PushKey:
    """The installation's keys, made once: another process that makes them too finds ours."""
    known = PushKey.objects.filter(pk=1).first()
    if known is None:
        private, public, _ = VAPID.generate_keys()
        made = PushKey(pk=1, private=private.decode(), public=public.decode())
        PushKey.objects.bulk_create([made], ignore_conflicts=True)
        known = PushKey.objects.get(pk=1)
    return known


def _is_address(endpoint: str) -> bool:
    """https, or http into a network that the installation has named."""
    parts = urlsplit(endpoint)
    if not parts.hostname or parts.username or parts.port == 0:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and is_within(parts.hostname, settings.PUSH_NETWORKS)
    )


def _decoded(said: str, length: int) -> bytes:
    """Base64 of a URL, with or without its padding. Raises ValueError."""
    try:
        found = base64.b64decode(said + "=" * (-len(said) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(said) from error
    if len(found) != length:
        raise ValueError(said)
    return found
