"""Guarded connections to servers whose addresses come from users."""
