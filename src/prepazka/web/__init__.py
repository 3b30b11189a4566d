"""Shared by all surfaces: errors, rate limits, access of staff and devices, idempotency."""
