-- At most $1 living characters that no schedule knows yet.
SELECT c.id FROM character AS c
WHERE c.deleted_at IS NULL AND NOT EXISTS (
    SELECT FROM schedule AS s WHERE s.workflow = 'character_refresh' AND s.entity_id = c.id::text
)
ORDER BY c.id
LIMIT $1
