-- The verdicts of those of the events $1 that are decided.
SELECT event_id, verdict, reason FROM ingestion_entries WHERE event_id = ANY ($1::uuid[]) AND verdict IS NOT NULL
