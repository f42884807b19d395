-- What was committed of the characters $1, as the index shows it: where they appear without what was deleted.
SELECT id, version, deleted_at IS NOT NULL AS is_deleted, name, name_native, description, traits, favorites,
       ARRAY(
           SELECT link.anime_id FROM anime_character AS link JOIN anime ON anime.id = link.anime_id
           WHERE link.character_id = character.id AND anime.deleted_at IS NULL
           ORDER BY link.anime_id LIMIT 100
       ) AS anime_ids
FROM character WHERE id = ANY ($1::uuid[])
