"""A package, lest another package called `tests` in the environment be found in its place."""
