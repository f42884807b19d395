-- The anime $1 were searched for at $2.
INSERT INTO reference_search (anime_id, searched_at)
SELECT anime_id, $2 FROM unnest($1::uuid[]) AS anime_id ORDER BY anime_id
ON CONFLICT (anime_id) DO UPDATE SET searched_at = excluded.searched_at
