"""A browser with its push service: a real HTTP server, and the keys that open what comes to it."""

from __future__ import annotations

import base64
import json
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def plain(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def written(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def derived(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def opened(body: bytes, private: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """What RFC 8291 has a browser do with the body of a message."""
    salt, size, length = body[:16], struct.unpack("!L", body[16:20])[0], body[20]
    sender, sealed = body[21 : 21 + length], body[21 + length :]
    assert len(sealed) <= size
    shared = private.exchange(
        ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender)
    )
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    key = derived(shared, auth, b"WebPush: info\0" + point + sender, 32)
    content = AESGCM(derived(key, salt, b"Content-Encoding: aes128gcm\0", 16)).decrypt(
        derived(key, salt, b"Content-Encoding: nonce\0", 12), sealed, None
    )
    return content.rstrip(b"\0")[:-1]  # the delimiter, then padding


def claims_of(header: str, key: bytes) -> dict[str, Any]:
    """What RFC 8292 has a push service read, once the signature is that of the key."""
    kind, _, rest = header.partition(" ")
    said = dict(one.strip().split("=", 1) for one in rest.split(","))
    assert kind == "vapid"
    assert plain(said["k"]) == key
    head, body, signature = said["t"].split(".")
    raw = plain(signature)
    pair = (int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)
    public.verify(encode_dss_signature(*pair), f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256()))
    assert json.loads(plain(head))["alg"] == "ES256"
    return dict(json.loads(plain(body)))


@dataclass
class Browser:
    """Its subscription, what came, and what its push service answers."""

    endpoint: str = ""
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: os.urandom(16))
    status: int = 201
    location: str = ""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def subscription(self) -> dict[str, str]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "p256dh": written(point), "auth": written(self.secret)}

    def read(self, which: int = -1) -> dict[str, str]:
        return dict(json.loads(opened(self.came[which][1], self.key, self.secret)))

    def claims(self, application_key: str) -> dict[str, Any]:
        return claims_of(self.came[-1][0]["authorization"], plain(application_key))


@contextmanager
def running() -> Iterator[Browser]:
    browser = Browser()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            browser.came.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(browser.status)
            if browser.location:
                self.send_header("Location", browser.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *said: Any) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    browser.endpoint = f"http://127.0.0.1:{server.server_address[1]}/push/abc"
    try:
        yield browser
    finally:
        server.shutdown()
        server.server_close()
