-- The rows of entity $1, of workflow $2 (null for all).
SELECT s.*, coalesce(a.title, c.name) AS title
FROM schedule AS s
LEFT JOIN anime AS a ON a.id = s.entity_uuid
LEFT JOIN character AS c ON c.id = s.entity_uuid
WHERE s.entity_id = $1 AND ($2::text IS NULL OR s.workflow = $2)
ORDER BY s.workflow
