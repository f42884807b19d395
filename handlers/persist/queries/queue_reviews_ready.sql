-- Tell on subject $1 what waits for a person: $2 events, $3 buckets, $4 reviews, $5 entities, $6 correlation, $7 cause,
-- $8 bodies. One that is on its way already is not sent again.
WITH queued AS (
    INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, parent_id, correlation_id, causation_id,
                        payload)
    SELECT event_id, bucket, $1, 'review', review_id, entity_id, correlation_id, causation_id, payload
    FROM unnest($2::uuid[], $3::smallint[], $4::uuid[], $5::uuid[], $6::uuid[], $7::uuid[], $8::bytea[])
      AS row(event_id, bucket, review_id, entity_id, correlation_id, causation_id, payload)
    RETURNING id
)
SELECT pg_notify('outbox', '') FROM (SELECT 1 FROM queued LIMIT 1) AS any_row
