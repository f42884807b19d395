-- At most $2 living entities that changed after $1 and of whose version no row of the outbox tells, sent or not.
SELECT id, 'anime' AS type, version, true AS is_living FROM anime
WHERE deleted_at IS NULL AND updated_at > $1 AND NOT EXISTS (
    SELECT FROM outbox WHERE op IS NOT NULL AND entity_id = anime.id AND outbox.version >= anime.version
)
UNION ALL
SELECT id, 'character' AS type, version, true AS is_living FROM character
WHERE deleted_at IS NULL AND updated_at > $1 AND NOT EXISTS (
    SELECT FROM outbox WHERE op IS NOT NULL AND entity_id = character.id AND outbox.version >= character.version
)
LIMIT $2
