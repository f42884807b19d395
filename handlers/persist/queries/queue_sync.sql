-- Queue what the index and other listeners have to hear, and wake the relay once per transaction.
WITH queued AS (
    INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, parent_id, op, changed_fields, version,
                        causation_id, correlation_id)
    SELECT event_id, bucket, subject, entity_type, entity_id, parent_id, op, string_to_array(changed, ','),
           version, causation_id, correlation_id
    FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::text[],
                $9::bigint[], $10::uuid[], $11::uuid[])
      AS row(event_id, bucket, subject, entity_type, entity_id, parent_id, op, changed, version, causation_id,
             correlation_id)
    RETURNING id
)
SELECT pg_notify('outbox', '') FROM (SELECT 1 FROM queued LIMIT 1) AS any_row
