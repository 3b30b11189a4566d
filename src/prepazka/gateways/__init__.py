"""One package per outside system."""
