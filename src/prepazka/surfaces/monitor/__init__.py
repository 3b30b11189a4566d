"""The public live view of an office."""
