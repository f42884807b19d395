-- Per workflow: how many looks were due before $1 and have not begun, and the earliest of those times.
SELECT workflow, count(*) AS count, min(due_at) AS earliest
FROM schedule
WHERE due_at IS NOT NULL AND due_at <= $1 AND paused_at IS NULL AND running_tick IS NULL
GROUP BY workflow
