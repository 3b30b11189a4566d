"""Answers for monitors, loads and figures."""
