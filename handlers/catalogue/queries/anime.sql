-- The anime $1 as one JSON object of its columns.
SELECT to_jsonb(anime) - 'raw_by_source' AS row FROM anime WHERE id = $1
