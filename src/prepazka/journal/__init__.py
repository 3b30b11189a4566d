"""The journal: one typed event per use-case, written in the same transaction."""
