-- Enter the external ids ($2, $3) of the anime $1 that are new, drop those of the anime $4 that are not among the
-- current ones ($5, $6), and resolve the edges that waited for them. An id that another anime took meanwhile raises.
WITH gone AS (
    DELETE FROM anime_reference WHERE anime_id = ANY ($4::uuid[]) AND (source, external_id) NOT IN (
        SELECT source, external_id FROM unnest($5::text[], $6::text[]) AS kept(source, external_id))
), entered AS (
    INSERT INTO anime_reference (anime_id, source, external_id)
    SELECT anime_id, source, external_id
    FROM unnest($1::uuid[], $2::text[], $3::text[]) AS row(anime_id, source, external_id)
    ORDER BY source, external_id
)
UPDATE anime_relation AS edge SET target_anime_id = row.anime_id
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS row(anime_id, source, external_id)
WHERE edge.target_source = row.source AND edge.target_id = row.external_id AND edge.target_anime_id IS NULL
