"""Django's backend of PostgreSQL, with what every request pays made cheaper."""
