-- The living entities of kind $1 whose title or name contains $2, at most $3.
SELECT id::text AS id FROM anime
WHERE $1 = 'anime' AND deleted_at IS NULL AND strpos(lower(title), lower($2)) > 0
UNION ALL
SELECT id::text FROM character
WHERE $1 = 'character' AND deleted_at IS NULL AND strpos(lower(name), lower($2)) > 0
ORDER BY id
LIMIT $3
