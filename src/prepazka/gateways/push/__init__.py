"""Notices to browsers by their push services (RFC 8030, 8291, 8292)."""

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

from prepazka.messaging.message_types import Push, PushGone, Undeliverable
from prepazka.messaging.models import PushKey
from prepazka.outgoing.guard import Forbidden, Guarded, Unknown, is_within

WITHIN = 10.0  # seconds for a request
LONGEST = 1000  # characters of an endpoint
POINT, SECRET = 65, 16  # bytes of a browser's public key and of its secret
GONE = (404, 410)
LATER = (408, 425, 429)  # temporary, as is anything from 500 on


def push_public_key() -> str:
    """The installation's public key, which a browser needs to subscribe."""
    point = load_pem_public_key(_keys().public.encode())
    assert isinstance(point, ec.EllipticCurvePublicKey)  # noqa: S101  # we made it
    return str(VAPID.get_application_server_key(point))


def is_valid_subscription(endpoint: str, p256dh: str, auth: str) -> bool:
    """Whether these are the values of a valid subscription."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(p256dh, POINT))
        _decoded(auth, SECRET)
        return len(endpoint) <= LONGEST and _is_address(endpoint)
    except ValueError:
        return False


def send_notice(push: Push) -> None:
    """Send one notice by its push service. Raises PushGone, Undeliverable."""
    if not is_valid_subscription(push.endpoint, push.p256dh, push.auth):
        raise Undeliverable("not a subscription", permanent=True)
    sealed = _encrypted(push)
    headers = {**sealed.headers, "Urgency": "high", "Content-Type": "application/octet-stream"}
    backend = Guarded(time.monotonic() + WITHIN, settings.PUSH_NETWORKS)
    try:
        with httpcore.ConnectionPool(network_backend=backend, retries=0) as pool:
            header_list = list(headers.items())
            with pool.stream(
                "POST", push.endpoint, headers=header_list, content=sealed.encrypted
            ) as response:
                # The body is not read, and redirects are not followed.
                status = response.status
    except Forbidden as error:
        raise Undeliverable("a forbidden network", permanent=True) from error
    except (Unknown, httpcore.TimeoutException, httpcore.NetworkError, OSError) as error:
        raise Undeliverable("the push service does not answer", permanent=False) from error
    except httpcore.ProtocolError as error:
        raise Undeliverable("the push service is broken", permanent=False) from error
    _check_status(status)


def _check_status(status: int) -> None:
    if status in GONE:
        raise PushGone
    if status in LATER or status >= 500:  # noqa: PLR2004  # their fault
        raise Undeliverable(f"push service: {status}", permanent=False)
    if not 200 <= status < 300:  # noqa: PLR2004  # accepted
        raise Undeliverable(f"push service: {status}", permanent=True)


def _encrypted(push: Push) -> WebPushMessage:
    keys = _keys()
    sealer = WebPush(
        private_key=keys.private.encode(),
        public_key=keys.public.encode(),
        subscriber=settings.DEFAULT_FROM_EMAIL,
        ttl=push.lasts,
    )
    subscription_keys = WebPushKeys(auth=push.auth, p256dh=push.p256dh)
    return sealer.get(
        push.content, WebPushSubscription(endpoint=push.endpoint, keys=subscription_keys)
    )


def _keys() -> PushKey:
    """The installation's keys, created once; of two concurrent processes the first one wins."""
    stored = PushKey.objects.filter(pk=1).first()
    if stored is None:
        private, public, _ = VAPID.generate_keys()
        new_keys = PushKey(pk=1, private=private.decode(), public=public.decode())
        PushKey.objects.bulk_create([new_keys], ignore_conflicts=True)
        stored = PushKey.objects.get(pk=1)
    return stored


def _is_address(endpoint: str) -> bool:
    """Whether the URL is https, or http into a network permitted by the installation."""
    split_url = urlsplit(endpoint)
    if not split_url.hostname or split_url.username or split_url.port == 0:
        return False
    return split_url.scheme == "https" or (
        split_url.scheme == "http" and is_within(split_url.hostname, settings.PUSH_NETWORKS)
    )


def _decoded(text: str, length: int) -> bytes:
    """The bytes of URL-safe base64 with or without padding. Raises ValueError."""
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(text) from error
    if len(decoded) != length:
        raise ValueError(text)
    return decoded
