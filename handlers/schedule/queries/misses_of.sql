-- The latest $3 misses of entity $1, of workflow $2 (null for all).
SELECT *, NULL::text AS title
FROM schedule_miss
WHERE entity_id = $1 AND ($2::text IS NULL OR workflow = $2)
ORDER BY due_at DESC
LIMIT $3
