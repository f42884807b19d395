-- Something waits.
SELECT pg_notify('outbox', '')
