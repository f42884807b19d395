"""Schedule: every entity on its own clock. The rows are in PostgreSQL, NATS fires the ticks."""
