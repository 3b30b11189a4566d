"""Addresses of static files that change with every release, so that browsers may keep them for good.

A page says `/static/<version>/console/console.js`. The version is a digest of all static files; being
a folder of the address, it also holds for what a script imports and a style sheet refers to.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.middleware import WhiteNoiseMiddleware

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

    View = Callable[[HttpRequest], HttpResponseBase]

VERSIONED = re.compile(r"([0-9a-f]{12})/(.+)")
FOR_GOOD = "max-age=31536000, public, immutable"
NOT_KEPT = "no-cache, public"


@cache
def static_version() -> str:
    """Twelve hexadecimal digits that differ if any static file differs."""
    digest = hashlib.sha256()
    files = {
        path: store for finder in finders.get_finders() for path, store in finder.list(["*.gz"])
    }
    for path in sorted(files):
        with files[path].open(path) as file:
            digest.update(f"{path}\0{file.size}\0".encode() + file.read())
    return digest.hexdigest()[:12]


class VersionedStorage(StaticFilesStorage):
    """Static files whose addresses begin with the version."""

    def url(self, name: str | None) -> str:
        """The address of a file for pages of this release."""
        return super().url(f"{static_version()}/{name}")


def static_files(get_response: View) -> View:
    """Middleware that serves static files, with or without a version in the address.

    While a release replaces another, pages of one may ask a process of the other: the file is served
    as this release has it, and the browser keeps it only if the version is this one's.
    """
    white_noise = WhiteNoiseMiddleware(get_response)
    prefix: str = settings.STATIC_URL

    def serve(request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        versioned = VERSIONED.fullmatch(path[len(prefix) :]) if path.startswith(prefix) else None
        static_file = versioned and white_noise.files.get(f"{prefix}{versioned[2]}")
        if not versioned or not static_file:
            return cast("HttpResponseBase", white_noise(request))
        response = cast("HttpResponseBase", white_noise.serve(static_file, request))
        response["Cache-Control"] = FOR_GOOD if versioned[1] == static_version() else NOT_KEPT
        return response

    return serve
