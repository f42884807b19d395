-- The living characters $1 as JSON of their columns, with provenance, and the ids of an anime that each appears in.
SELECT c.id, c.version, c.provenance::text AS provenance, (to_jsonb(c) - 'raw_by_source' - 'provenance')::text AS row,
    (SELECT jsonb_object_agg(r.source, r.external_id)::text
     FROM anime_reference AS r
     WHERE r.anime_id = (
         SELECT link.anime_id FROM anime_character AS link
         JOIN anime AS a ON a.id = link.anime_id AND a.deleted_at IS NULL
         WHERE link.character_id = c.id AND EXISTS (SELECT FROM anime_reference WHERE anime_id = link.anime_id)
         ORDER BY link.anime_id LIMIT 1
     )) AS work
FROM character AS c
WHERE c.id = ANY ($1::uuid[]) AND c.deleted_at IS NULL
