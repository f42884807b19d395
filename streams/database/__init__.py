"""The database: its schema in numbered steps, and the pool that every store takes connections from."""
