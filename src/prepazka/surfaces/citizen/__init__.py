"""What a citizen sees: from choosing a service to the ticket on the phone."""
