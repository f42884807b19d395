-- The living characters of the anime $1, main ones first.
SELECT to_jsonb(c) - 'raw_by_source' AS row, link.role
FROM anime_character AS link
JOIN character AS c ON c.id = link.character_id
WHERE link.anime_id = $1 AND c.deleted_at IS NULL
ORDER BY array_position(ARRAY['MAIN', 'SUPPORTING', 'BACKGROUND', 'UNKNOWN'], link.role) NULLS LAST, c.name, c.id
