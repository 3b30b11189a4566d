"""Security headers of every response, from Django and from the edge alike."""

from __future__ import annotations

# No inline script or style, nothing from other servers, no framing except where a view allows it.
POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; worker-src 'self'; img-src 'self' data:;"
    " object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PERMISSIONS = "camera=(), microphone=(), display-capture=(), geolocation=(), payment=()"
REFERRER = "same-origin"


def headers_of_edge(*, hsts_seconds: int, hsts_subdomains: bool) -> list[tuple[bytes, bytes]]:
    """The headers that Django's middleware would add, for responses that the edge makes itself."""
    headers = {
        "content-security-policy": POLICY,
        "x-frame-options": "DENY",
        "permissions-policy": PERMISSIONS,
        "x-content-type-options": "nosniff",
        "referrer-policy": REFERRER,
        "cross-origin-opener-policy": "same-origin",
    }
    if hsts_seconds:
        below = "; includeSubDomains" if hsts_subdomains else ""
        headers["strict-transport-security"] = f"max-age={hsts_seconds}{below}"
    return [(name.encode(), text.encode()) for name, text in headers.items()]


# Browsers take a cookie of such a name over https only, for this host only, and for all paths.
HOST_PREFIX = "__Host-"
