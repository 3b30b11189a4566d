"""The personal page of a ticket, on its holder's telephone."""
