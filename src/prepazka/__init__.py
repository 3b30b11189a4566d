"""Přepážka: booking, queue and calls for public offices."""
