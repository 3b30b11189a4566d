"""Meetings by video: who takes part, what is looked at together, what is written down."""
