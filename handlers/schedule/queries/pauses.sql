-- How many rows are paused, by workflow (only $1, null for all) and reason; the largest groups, at most $2.
SELECT workflow, paused_reason AS reason, count(*) AS count, min(paused_at) AS since
FROM schedule
WHERE paused_at IS NOT NULL AND ($1::text IS NULL OR workflow = $1)
GROUP BY workflow, paused_reason
ORDER BY count DESC, workflow, paused_reason
LIMIT $2
