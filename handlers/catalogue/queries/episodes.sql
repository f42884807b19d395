-- The living episodes of the anime $1 by number.
SELECT to_jsonb(e) - 'raw_by_source' AS row FROM episode AS e
WHERE anime_id = $1 AND deleted_at IS NULL ORDER BY episode_number
