-- How many rows are paused, by workflow (only $1, null for all) and reason, and which workflows are as a whole; the largest, at most $2.
WITH rows AS (
    SELECT workflow, paused_reason AS reason, count(*) AS count, min(paused_at) AS since
    FROM schedule
    WHERE paused_at IS NOT NULL
    GROUP BY workflow, paused_reason
)
SELECT workflow, reason, coalesce(rows.count, 0) AS count, least(rows.since, whole.paused_at) AS since,
    whole.workflow IS NOT NULL AS is_whole
FROM rows FULL JOIN schedule_pause AS whole USING (workflow, reason)
WHERE $1::text IS NULL OR workflow = $1
ORDER BY count DESC, workflow, reason
LIMIT $2
