"""Template tags and filters for every screen."""
