-- NATS has confirmed these rows.
UPDATE outbox SET processed_at = now() WHERE id = ANY ($1::bigint[])
