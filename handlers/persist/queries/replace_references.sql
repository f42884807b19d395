-- Make the rows ($1 anime, $2 source, $3 external id) the whole set of references of the anime $4, and resolve the edges
-- that waited for the new ones. An id that another anime took meanwhile raises.
WITH current AS (
    SELECT anime_id, source, external_id FROM unnest($1::uuid[], $2::text[], $3::text[]) AS row(anime_id, source, external_id)
), gone AS (
    DELETE FROM anime_reference AS held WHERE held.anime_id = ANY ($4::uuid[]) AND NOT EXISTS (
        SELECT FROM current WHERE (current.anime_id, current.source, current.external_id)
                                = (held.anime_id, held.source, held.external_id))
), entered AS (
    INSERT INTO anime_reference (anime_id, source, external_id)
    SELECT anime_id, source, external_id FROM current WHERE NOT EXISTS (
        SELECT FROM anime_reference AS held WHERE (held.anime_id, held.source, held.external_id)
                                                = (current.anime_id, current.source, current.external_id))
    ORDER BY source, external_id
)
UPDATE anime_relation AS edge SET target_anime_id = current.anime_id
FROM current
WHERE edge.target_source = current.source AND edge.target_id = current.external_id AND edge.target_anime_id IS NULL
