-- The living anime $1 as JSON of their columns, with provenance, episodes (number to air date), and what people have
-- before them or decided against. An air date that was written down before it came is an announcement and no air date,
-- also when it has passed since: only an event that says so, or a record of a later time, makes it one.
SELECT a.id, a.version, a.provenance::text AS provenance,
    (to_jsonb(a) - 'raw_by_source' - 'provenance')::text AS row,
    (SELECT jsonb_object_agg(e.episode_number, CASE
         WHEN e.provenance ? 'aired' OR e.aired <= coalesce((e.provenance -> '*' ->> 1)::timestamptz, e.aired)
         THEN e.aired END)::text
     FROM episode AS e WHERE e.anime_id = a.id AND e.deleted_at IS NULL) AS episodes
FROM anime AS a
WHERE a.id = ANY ($1::uuid[]) AND a.deleted_at IS NULL
