"""Callbacks of SMS gateways."""
