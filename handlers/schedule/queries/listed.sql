-- Rows with the titles or names of their entities, of workflow $1 (null for all), of entities whose title contains $2
-- (null for all).
WITH named AS (
    SELECT id, title AS name FROM anime WHERE $2::text IS NOT NULL AND strpos(lower(title), lower($2)) > 0
    UNION ALL
    SELECT id, name FROM character WHERE $2::text IS NOT NULL AND strpos(lower(name), lower($2)) > 0
)
SELECT s.*, coalesce(a.title, c.name) AS title
FROM schedule AS s
LEFT JOIN anime AS a ON a.id = s.entity_uuid
LEFT JOIN character AS c ON c.id = s.entity_uuid
WHERE ($1::text IS NULL OR s.workflow = $1)
  AND ($2::text IS NULL OR s.entity_uuid IN (SELECT id FROM named))
