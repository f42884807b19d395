-- The next $2 anime and characters after the id $1, also deleted ones. Each side is bounded by itself, so that a page
-- is read off the two indexes of ids.
SELECT id, type, version, is_living
FROM (
    (SELECT id, 'anime' AS type, version, deleted_at IS NULL AS is_living FROM anime WHERE id > $1 ORDER BY id LIMIT $2)
    UNION ALL
    (SELECT id, 'character' AS type, version, deleted_at IS NULL AS is_living FROM character WHERE id > $1 ORDER BY id LIMIT $2)
) AS page
ORDER BY id
LIMIT $2
