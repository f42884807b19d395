-- How many rows of the outbox have waited since before $1.
SELECT count(*) FROM outbox WHERE processed_at IS NULL AND queued_at < $1
