"""What people are told, and what became of each message."""
