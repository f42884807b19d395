-- What was committed of the characters $1, as the index shows it.
SELECT id, version, deleted_at IS NOT NULL AS is_deleted, name, name_native, description, traits, favorites,
       ARRAY(SELECT anime_id FROM anime_character WHERE character_id = character.id ORDER BY anime_id LIMIT 100) AS anime_ids
FROM character WHERE id = ANY ($1::uuid[])
