-- How many rows wait, and for how many seconds the oldest has.
SELECT count(*) AS pending, coalesce(extract(epoch FROM now() - min(queued_at)), 0)::float8 AS oldest_s
FROM outbox WHERE processed_at IS NULL
