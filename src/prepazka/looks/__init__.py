"""What every screen shares: tokens, base templates, Czech typography."""
