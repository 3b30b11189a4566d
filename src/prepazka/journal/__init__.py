"""One typed event per use-case, in the same transaction."""
