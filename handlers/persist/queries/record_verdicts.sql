-- What became of the ingested events $1: verdicts $2 with reasons $3.
UPDATE ingestion_entries AS entry SET verdict = row.verdict, reason = row.reason, decided_at = now()
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS row(event_id, verdict, reason)
WHERE entry.event_id = row.event_id AND entry.verdict IS NULL
