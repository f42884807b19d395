-- The living characters $1 as JSON of their columns, with provenance, the ids of an anime that each appears
-- in, and the proposals that people have before them, or have decided against.
SELECT c.id, c.version, c.provenance::text AS provenance, (to_jsonb(c) - 'raw_by_source' - 'provenance')::text AS row,
    (SELECT jsonb_object_agg(r.source, r.external_id)::text
     FROM anime_reference AS r
     WHERE r.anime_id = (
         SELECT link.anime_id FROM anime_character AS link
         JOIN anime AS a ON a.id = link.anime_id AND a.deleted_at IS NULL
         WHERE link.character_id = c.id AND EXISTS (SELECT FROM anime_reference WHERE anime_id = link.anime_id)
         ORDER BY link.anime_id LIMIT 1
     )) AS work,
    (SELECT jsonb_agg(jsonb_build_array(
         w.field, w.old, w.new, w.source, CASE WHEN w.state = 'pending' THEN w.observed_at END
     ))::text
     FROM review AS w
     WHERE w.entity_id = c.id AND w.state IN ('pending', 'rejected', 'undone')) AS proposals
FROM character AS c
WHERE c.id = ANY ($1::uuid[]) AND c.deleted_at IS NULL
