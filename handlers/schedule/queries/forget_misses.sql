-- Forget at most $2 misses that were recorded before $1.
DELETE FROM schedule_miss WHERE ctid IN (SELECT ctid FROM schedule_miss WHERE at < $1 ORDER BY at LIMIT $2)
