"""What calendar programs read."""
