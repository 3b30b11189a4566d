"""Messages to people: composed for events, delivered, and answered."""
