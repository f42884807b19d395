-- Forget at most $2 rows that were sent before $1.
DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE processed_at < $1 ORDER BY processed_at LIMIT $2
)
