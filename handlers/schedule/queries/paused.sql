-- Paused rows, of workflow $1 and entities whose title contains $2 (null for all), at most $3, latest first.
-- include listed
  AND s.paused_at IS NOT NULL
ORDER BY s.paused_at DESC, s.workflow DESC, s.entity_id DESC
LIMIT $3
