-- What is due next and not paused, of workflow $1 and entities whose title contains $2 (null for all), at most $3 rows.
-- include listed
  AND s.due_at IS NOT NULL AND s.paused_at IS NULL
ORDER BY s.due_at, s.workflow, s.entity_id
LIMIT $3
