-- The latest misses, of workflow $1 (null for all), of entities whose title contains $2 (null for all), at most $3 rows.
SELECT m.*, coalesce(a.title, c.name) AS title
FROM schedule_miss AS m
LEFT JOIN schedule AS s ON s.workflow = m.workflow AND s.entity_id = m.entity_id
LEFT JOIN anime AS a ON a.id = s.entity_uuid
LEFT JOIN character AS c ON c.id = s.entity_uuid
WHERE ($1::text IS NULL OR m.workflow = $1)
  AND ($2::text IS NULL OR strpos(lower(coalesce(a.title, c.name)), lower($2)) > 0)
ORDER BY m.at DESC, m.workflow, m.entity_id, m.due_at DESC
LIMIT $3
