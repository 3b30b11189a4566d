"""Attacks on a running installation, with figures and controls: `make attack`."""
