-- The next $2 anime and characters after the id $1, also deleted ones.
SELECT id, 'anime' AS type, version, deleted_at IS NULL AS is_living FROM anime WHERE id > $1
UNION ALL
SELECT id, 'character' AS type, version, deleted_at IS NULL AS is_living FROM character WHERE id > $1
ORDER BY id
LIMIT $2
