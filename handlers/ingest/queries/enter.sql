-- In one transaction: enter the events in the books of run $1, and queue the messages that carry them. What is entered
-- already is not queued again. Columns: $2 event, $3 anime, $4 label, $5 sha256, $6 payload, $7 bucket, $8 correlation.
WITH given AS (
    SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bytea[], $7::smallint[])
      WITH ORDINALITY AS row(event_id, anime_id, label, sha256, payload, bucket, place)
), entered AS (
    INSERT INTO ingestion_entries (event_id, run_id, anime_id, label, payload_sha256)
    SELECT event_id, $1, anime_id, label, sha256 FROM given ORDER BY place
    ON CONFLICT (event_id) DO NOTHING
    RETURNING event_id
), queued AS (
    INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, correlation_id, headers, payload)
    SELECT event_id, bucket, $9, 'anime', anime_id, $8, $10::jsonb, payload
    FROM given JOIN entered USING (event_id) ORDER BY place
    RETURNING id
)
SELECT pg_notify('outbox', '') FROM (SELECT 1 FROM queued LIMIT 1) AS any_row
