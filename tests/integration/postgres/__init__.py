"""What real errors of a real PostgreSQL are taken for."""
