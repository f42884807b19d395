-- Link the characters $2 to the anime $1 with the roles $3.
INSERT INTO anime_character (anime_id, character_id, role)
SELECT anime_id, character_id, role FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS row(anime_id, character_id, role)
ORDER BY anime_id, character_id
ON CONFLICT (anime_id, character_id) DO UPDATE SET role = excluded.role
  WHERE anime_character.role IS DISTINCT FROM excluded.role
