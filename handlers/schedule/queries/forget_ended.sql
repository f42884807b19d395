-- Forget at most $3 rows of workflow $1 that have nothing due and nothing under way, and were looked at last before $2.
DELETE FROM schedule WHERE ctid IN (
    SELECT ctid FROM schedule
    WHERE workflow = $1 AND due_at IS NULL AND running_tick IS NULL AND last_run_at < $2 AND paused_at IS NULL
    LIMIT $3
)
