-- The anime and characters $1 that have a row, also deleted ones.
SELECT id, 'anime' AS type, version, deleted_at IS NULL AS is_living FROM anime WHERE id = ANY ($1::uuid[])
UNION ALL
SELECT id, 'character' AS type, version, deleted_at IS NULL AS is_living FROM character WHERE id = ANY ($1::uuid[])
