"""Headers with which every answer tells the browser what its page may do, whoever answers."""

from __future__ import annotations

# No inline script or style anywhere, nothing foreign, no frames but those named by a view.
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; worker-src 'self'; img-src 'self' data:;"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PERMISSIONS = "camera=(), microphone=(), display-capture=(), geolocation=(), payment=()"
REFERRER = "same-origin"


def headers_of_edge(*, hsts_seconds: int, hsts_subdomains: bool) -> list[tuple[bytes, bytes]]:
    """What Django's middleware adds to each answer, for those that Django does not make."""
    made = {
        "content-security-policy": POLICY,
        "x-frame-options": "DENY",
        "permissions-policy": PERMISSIONS,
        "x-content-type-options": "nosniff",
        "referrer-policy": REFERRER,
        "cross-origin-opener-policy": "same-origin",
    }
    if hsts_seconds:
        below = "; includeSubDomains" if hsts_subdomains else ""
        made["strict-transport-security"] = f"max-age={hsts_seconds}{below}"
    return [(name.encode(), value.encode()) for name, value in made.items()]


# A cookie of such a name belongs to one host, comes by https only, and holds for all paths.
HOST_PREFIX = "__Host-"
