-- At most $2 rows of the workflows $3 that are due before $1 and have no timer yet, the earliest first. What another projector holds is
-- passed over: it sets those.
SELECT *
FROM schedule
WHERE timer_due_at IS NULL AND paused_at IS NULL AND due_at <= $1 AND workflow = ANY ($3::text[])
ORDER BY due_at
LIMIT $2
FOR UPDATE SKIP LOCKED
