-- The living anime $1 as JSON of their columns, with provenance and episodes (number to air date). An air date that was
-- said before it came is an announcement, also when it has passed: that episode has no air date here until somebody
-- says that it has aired. The proposals are what people have before them, or have decided against.
SELECT a.id, a.version, a.provenance::text AS provenance,
    (to_jsonb(a) - 'raw_by_source' - 'provenance')::text AS row,
    (SELECT jsonb_object_agg(
         e.episode_number,
         CASE WHEN (coalesce(e.provenance -> 'aired', e.provenance -> '*') ->> 1)::timestamptz < e.aired
              THEN NULL ELSE e.aired END
     )::text
     FROM episode AS e WHERE e.anime_id = a.id AND e.deleted_at IS NULL) AS episodes,
    (SELECT jsonb_agg(jsonb_build_array(
         w.field, w.old, w.new, w.source, CASE WHEN w.state = 'pending' THEN w.observed_at END
     ))::text
     FROM review AS w
     WHERE w.entity_id = a.id AND w.state IN ('pending', 'rejected', 'undone')) AS proposals
FROM anime AS a
WHERE a.id = ANY ($1::uuid[]) AND a.deleted_at IS NULL
