"""Pages that other sites may show in a frame: read-only, without cookies and scripts."""

from __future__ import annotations

from django.http import HttpResponse

from prepazka.core.browser_rules import POLICY


def allow_frames(answer: HttpResponse, hosts: list[str] | None) -> None:
    """Let these sites frame the page; None: any. A name without a scheme means ours, or a safer."""
    said = "*" if hosts is None else " ".join(["'self'", *hosts]) if hosts else "'none'"
    answer["Content-Security-Policy"] = POLICY.replace(
        "frame-ancestors 'none'", f"frame-ancestors {said}"
    )
    answer["X-Robots-Tag"] = "noindex"
