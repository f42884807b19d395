-- The first look that is due after $1.
SELECT due_at FROM schedule
WHERE due_at IS NOT NULL AND due_at > $1 AND paused_at IS NULL
ORDER BY due_at
LIMIT 1
