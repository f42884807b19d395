-- Raise the versions of the living characters of anime $1, which appear in it no more; locked in one order for everybody.
WITH cast_of AS (
    SELECT id FROM character
    WHERE id IN (SELECT character_id FROM anime_character WHERE anime_id = $1) AND deleted_at IS NULL
    ORDER BY id FOR UPDATE
)
UPDATE character SET version = version + 1, updated_at = now() FROM cast_of WHERE character.id = cast_of.id
RETURNING character.id, character.version
