-- The run $1 is over; $2 says why if it failed.
UPDATE ingestion_runs
SET finished_at = now(), error = $2, status = CASE WHEN $2::text IS NULL THEN 'finished' ELSE 'failed' END
WHERE id = $1
