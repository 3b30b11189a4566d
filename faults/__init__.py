"""The program under faults: load by its public face, campaigns of failures, checks on its own rows."""
