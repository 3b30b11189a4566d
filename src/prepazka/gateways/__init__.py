"""Gateways to external systems, one package each."""
