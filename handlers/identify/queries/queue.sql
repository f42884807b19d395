-- Queue the events $1 (ids), $2 (anime), $3 (buckets), $4 (bodies) as anime.updated, and wake the relay.
WITH queued AS (
    INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, payload)
    SELECT event_id, bucket, 'anime.updated', 'anime', anime_id, payload
    FROM unnest($1::uuid[], $2::uuid[], $3::smallint[], $4::bytea[]) AS row(event_id, anime_id, bucket, payload)
    RETURNING id
)
SELECT pg_notify('outbox', '') FROM (SELECT 1 FROM queued LIMIT 1) AS any_row
