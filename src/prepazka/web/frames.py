"""Pages that other sites may frame: read-only, without cookies and scripts."""

from __future__ import annotations

from django.http import HttpResponse

from prepazka.core.browser_rules import POLICY


def allow_frames(response: HttpResponse, hosts: list[str] | None) -> None:
    """Allow these hosts to frame the page; None allows any. A host implies our scheme or https."""
    sources = "*" if hosts is None else " ".join(["'self'", *hosts]) if hosts else "'none'"
    response["Content-Security-Policy"] = POLICY.replace(
        "frame-ancestors 'none'", f"frame-ancestors {sources}"
    )
    response["X-Robots-Tag"] = "noindex"
