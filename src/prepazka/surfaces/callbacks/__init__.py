"""Addresses that the gateways for short messages call."""
