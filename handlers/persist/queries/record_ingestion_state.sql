-- Which payload each anime was last ingested from ($1 anime, $2 event, $3 observed).
INSERT INTO anime_ingestion_state (anime_id, last_run_id, last_enriched_at, last_ingested_at, last_payload_sha256, ingestion_status)
SELECT row.anime_id, entry.run_id, row.observed_at, now(), entry.payload_sha256, 'ingested'
FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS row(anime_id, event_id, observed_at)
JOIN ingestion_entries AS entry ON entry.event_id = row.event_id
ON CONFLICT (anime_id) DO UPDATE
SET last_run_id = excluded.last_run_id, last_enriched_at = excluded.last_enriched_at,
    last_ingested_at = excluded.last_ingested_at, last_payload_sha256 = excluded.last_payload_sha256,
    ingestion_status = excluded.ingestion_status
