"""Reconcile: PostgreSQL, outbox and index are compared, and what differs is sent through the outbox once more."""
