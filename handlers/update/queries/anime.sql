-- The living anime $1 as JSON of their columns, with provenance, episodes (number to air date), and what people have
-- before them or decided against.
SELECT a.id, a.version, a.provenance::text AS provenance,
    (to_jsonb(a) - 'raw_by_source' - 'provenance')::text AS row,
    (SELECT jsonb_object_agg(e.episode_number, e.aired)::text
     FROM episode AS e WHERE e.anime_id = a.id AND e.deleted_at IS NULL) AS episodes
FROM anime AS a
WHERE a.id = ANY ($1::uuid[]) AND a.deleted_at IS NULL
