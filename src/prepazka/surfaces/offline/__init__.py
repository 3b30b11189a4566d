"""Merging of off-line logs, and the service worker that caches off-line screens."""
