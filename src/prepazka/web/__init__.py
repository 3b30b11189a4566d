"""What every surface shares: errors, limits, the way to an office, live pages."""
