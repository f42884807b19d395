-- Those of the characters $2 that are not linked to their anime $1 yet.
SELECT DISTINCT wanted.character_id
FROM unnest($1::uuid[], $2::uuid[]) AS wanted(anime_id, character_id)
WHERE NOT EXISTS (
    SELECT FROM anime_character AS link
    WHERE link.anime_id = wanted.anime_id AND link.character_id = wanted.character_id
)
