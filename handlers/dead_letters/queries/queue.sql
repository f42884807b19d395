-- Messages of letters as messages of the outbox, in this order, and the relay woken.
WITH queued AS (
    INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, headers, payload)
    SELECT event_id, bucket, subject, entity_type, entity_id, headers, payload
    FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::uuid[], $6::jsonb[], $7::bytea[])
      WITH ORDINALITY AS again(event_id, bucket, subject, entity_type, entity_id, headers, payload, position)
    ORDER BY position
    RETURNING id
)
SELECT pg_notify('outbox', '') FROM (SELECT 1 FROM queued LIMIT 1) AS any_row
