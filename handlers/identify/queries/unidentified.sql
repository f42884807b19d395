-- At most $3 living anime that lack an id on one of the platforms $1, have one on another, and were not searched for
-- since $2; the ones that were never searched for come first.
SELECT a.id, known.ids
FROM anime AS a
JOIN LATERAL (
    SELECT json_object_agg(r.source, r.external_id)::text AS ids, count(*) AS found
    FROM anime_reference AS r WHERE r.anime_id = a.id AND r.source = ANY ($1::text[])
) AS known ON known.found BETWEEN 1 AND cardinality($1::text[]) - 1
LEFT JOIN reference_search AS s ON s.anime_id = a.id
WHERE a.deleted_at IS NULL AND (s.searched_at IS NULL OR s.searched_at < $2)
ORDER BY s.searched_at NULLS FIRST, a.id
LIMIT $3
