"""Claims on lanes: from a hold to a confirmed booking and its check-in."""
