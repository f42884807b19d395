-- Something waits in the outbox.
SELECT pg_notify('outbox', '')
