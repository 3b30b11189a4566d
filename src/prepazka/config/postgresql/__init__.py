"""Django's PostgreSQL backend, with less work in every request."""
