"""Tickets, counters and whose turn it is."""
