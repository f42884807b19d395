-- Timers as messages of the outbox, and the relay woken once per transaction.
WITH queued AS (
    INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, headers, payload)
    SELECT event_id, bucket, subject, 'schedule', entity_id, headers, payload
    FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::text[], $5::jsonb[], $6::bytea[])
      AS timer(event_id, entity_id, bucket, subject, headers, payload)
    RETURNING id
)
SELECT pg_notify('outbox', '') FROM (SELECT 1 FROM queued LIMIT 1) AS any_row
