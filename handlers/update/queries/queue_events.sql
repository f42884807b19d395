-- Events as messages of the outbox, and the relay woken once per transaction.
WITH queued AS (
    INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, causation_id, payload)
    SELECT event_id, bucket, subject, entity_type, entity_id, causation_id, payload
    FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::bytea[])
      AS event(event_id, bucket, subject, entity_type, entity_id, causation_id, payload)
    RETURNING id
)
SELECT pg_notify('outbox', '') FROM (SELECT 1 FROM queued LIMIT 1) AS any_row
