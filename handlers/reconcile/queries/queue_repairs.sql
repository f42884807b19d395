-- Queue what the index has to look at again, and wake the relay once.
WITH queued AS (
    INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, op, changed_fields, version, causation_id)
    SELECT event_id, bucket, subject, entity_type, entity_id, op, string_to_array(changed, ','), version, $8
    FROM unnest($1::uuid[], $2::smallint[], $3::text[], $4::text[], $5::uuid[], $6::text[], $7::text[], $9::bigint[])
      AS row(event_id, bucket, subject, entity_type, entity_id, op, changed, version)
    RETURNING id
)
SELECT pg_notify('outbox', '') FROM (SELECT 1 FROM queued LIMIT 1) AS any_row
